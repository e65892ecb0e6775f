/*
 * A window of pages in an address space of its own, for flushes: each page shows one of two frames, and says which. All processors can
 * be made to read it, so that they know its translations, and to look again.
 */
#pragma once

#include <stdint.h>
#include "paging.h"

enum { WINDOW_PAGES = 8, ALL_PAGES = 0xff };
#define WINDOW (SPACE_OWN + 0x40000000ull)
#define WINDOW_PAGE(i) (WINDOW + (uint64_t)(i) * PAGE)

struct window {
    uint64_t *space;
    uint64_t flags; /* of its entries, besides present and writable */
    uint64_t base;  /* WINDOW, or elsewhere: so that two do not meet in the processor's caches */
};

void window_make(struct window *window, uint64_t base, uint64_t flags);
/* Shows the old frames or the new ones in the pages of the mask; tells nobody. */
void window_show_old(struct window *window, unsigned pages);
void window_show_new(struct window *window, unsigned pages);
/* All processors move to the window's space, which drops what they knew, global pages included, and read all pages. */
void window_enter(struct window *window);
/* All processors go back to the space they came from. */
void window_leave(void);
/* The pages of the window entered last that processor `cpu` sees new, as a mask. */
unsigned window_look(int cpu);
/* Those of any window, on the processor that runs. */
unsigned window_look_here(const struct window *window);
/* Drops all translations of the processor that runs. */
void drop_all_here(void);

/* How a flush is called. */
enum form { IN_MEMORY, WITH_SET, IN_XMM, WITH_SET_IN_XMM, FORMS };
extern const char *const form_names[FORMS];
int form_offered(enum form form);

struct flush {
    uint64_t space, flags, processors; /* a mask of VP indices */
    const uint64_t *list;              /* null for a whole space */
    unsigned count, start;
};
uint64_t flush_call(enum form form, const struct flush *flush);

/* VP indices of all processors that run, and of one. */
uint64_t all_vps(void);
uint64_t vp_of(int cpu);
