/*
 * The flush gate (DESIGN.md, section 5; docs/gate.md) as a Promela model: three VPs with two trust levels each, threads of the
 * host that inhibit and lift, one that pauses and resets, and a source of interrupts and INITs. check.sh runs it.
 *
 * One statement, or one atomic block, is one access to shared memory. Names follow the code: FlushGate, FlushPass, VpRequests.
 *
 * What each process does is bounded by the figures below, so every run ends. A VP that sleeps for ever and a thread that waits for
 * ever are invalid end states to spin; check.sh also has it search for cycles, of which there must be none.
 *
 * MUTATE_... breaks one thing each. check.sh fails where one of them goes unnoticed.
 */

#ifndef FLUSHES0 /* flush hypercalls of each VP's level 0 */
#define FLUSHES0 1
#endif
#ifndef FLUSHES1
#define FLUSHES1 1
#endif
#ifndef FLUSHES2
#define FLUSHES2 1
#endif
#ifndef TARGETS /* three bits a VP: whom its flushes are for; 0: any set of VPs */
#define TARGETS 0
#endif
#ifndef INHIBITS_A /* inhibit and lift by a thread of the host, each of any gate */
#define INHIBITS_A 1
#endif
#ifndef INHIBITS_B /* and by another */
#define INHIBITS_B 0
#endif
#ifndef INTERRUPTS /* interrupts for level 1, each of any VP */
#define INTERRUPTS 0
#endif
#ifndef INITS /* INITs, each of any VP */
#define INITS 0
#endif
#ifndef PAUSES /* of the partition, each with or without a reset of everything */
#define PAUSES 0
#endif
/* LEAVES_EARLY: gates are left when all targets have been told, not when all have acted: no invariant needs the latter */
#ifndef SLOW /* 1: VP 2 may stay in a device for ever; nobody inhibits it then */
#define SLOW 0
#endif

#ifdef MUTATE_SUSPENDED_TAKES_NO_INTERRUPT
#define deaf() asleep[me]
#else
#define deaf() false
#endif

#define N 3
#define NONE 3
#define BIT(vp) (1 << (vp))

/* Reasons for which a gate is shut */
#define HOST 1
#define LOCK 2

/* Requests of a VP, one atomic word (VpRequests) */
#define FLUSH 1
#define RESUME 2
#define PAUSE 4
#define WORK 8
#define INTERRUPT 16
#define INIT 32

/* Where a VP is */
#define HYPERVISOR 0
#define GUEST 1
#define HIGHER 2
#define DEVICE 3

byte passing[N]; /* these two are one word, FlushGate.word */
byte reasons[N];
byte waiters[N];   /* WaiterSet: a bit a VP */
byte ticket[N];    /* FlushPass.ticket: on whom a VP's level 0 waits */
byte request[N];
bit pending[N];    /* PendingFlushes: what a FLUSH request stands for */
byte mode[N];
bit quiet[N];
byte answered;     /* VPs whose level 1 has taken an interrupt */
byte ipis = 1;     /* how many interrupts level 1 may send */

/* Ghosts: only assertions read them */
byte owed[N];      /* by caller: targets that have not acted since its hypercall was issued */
bit due[N];        /* a flush of this VP has completed, and it has not acted on it */
byte inhibited[N]; /* reasons whose inhibit has returned and whose lift has not been called */
bit asleep[N];     /* suspended, and past the second look */
byte mustwake[N];  /* lifters (a bit each) that found it asleep at the gate that they opened */
bit posted[N];     /* has told a target to flush, in this attempt */

/* The target acts on a flush: on its own thread, outside guest code. Within an atomic block. */
inline act(vp) {
    if
    :: pending[vp] ->
        assert(!inhibited[vp]); /* invariant 2 */
        forget(vp)
    :: else
    fi
}

/* Its TLB is empty. */
inline forget(vp) {
    pending[vp] = 0;
    due[vp] = 0;
    owed[0] = owed[0] & ~BIT(vp);
    owed[1] = owed[1] & ~BIT(vp);
    owed[2] = owed[2] & ~BIT(vp)
}

/* FlushGate.inhibit, up to where no flush passes. */
inline shut(g, why) {
    reasons[g] = reasons[g] | why;
#ifndef MUTATE_INHIBIT_DOES_NOT_WAIT
    (passing[g] == 0 || !(reasons[g] & why));
#endif
#ifdef MUTATE_INHIBIT_AWAITS_EVERYBODY
    (mode[0] != HYPERVISOR && mode[0] != DEVICE);
    (mode[1] != HYPERVISOR && mode[1] != DEVICE);
    (mode[2] != HYPERVISOR && mode[2] != DEVICE);
#endif
}

/* FlushGate.lift. Where another lift was first this wakes all the same. */
inline lift(g, why, lifter) {
#ifdef MUTATE_LIFT_WAKES_BEFORE_IT_OPENS
    atomic { saw = waiters[g]; seen = saw };
    wake(g);
#endif
    atomic {
        inhibited[g] = inhibited[g] & ~why;
#ifdef MUTATE_LIFT_TAKES_ALL_REASONS
        reasons[g] = 0;
#else
        reasons[g] = reasons[g] & ~why;
#endif
        if
        :: reasons[g] == 0 ->
            d_step {
                w = 0;
                do
                :: w < N ->
                    if
                    :: asleep[w] && ticket[w] == g -> mustwake[w] = mustwake[w] | BIT(lifter)
                    :: else
                    fi;
                    w++
                :: else -> break
                od;
                w = 0
            }
            goto open
        :: else
        fi
    }
    if
    :: false ->
open:
#ifndef MUTATE_LIFT_WAKES_BEFORE_IT_OPENS
        atomic { saw = waiters[g]; seen = saw };
#ifdef MUTATE_LIFT_WAKES_EVERYBODY
        seen = 7;
#endif
        wake(g)
#endif
    :: else
    fi;
    atomic { /* invariant 4: whoever slept because of this has been told */
        assert(!(mustwake[0] & BIT(lifter)) || (request[0] & RESUME));
        assert(!(mustwake[1] & BIT(lifter)) || (request[1] & RESUME));
        assert(!(mustwake[2] & BIT(lifter)) || (request[2] & RESUME));
        mustwake[0] = mustwake[0] & ~BIT(lifter);
        mustwake[1] = mustwake[1] & ~BIT(lifter);
        mustwake[2] = mustwake[2] & ~BIT(lifter);
        saw = 0
    }
}

/* FlushGate.wake, FlushPass.resume: empties a ticket, then tells. */
inline wake(g) {
    do
    :: atomic { told ->
            assert(saw & BIT(w)); /* invariant 7: nobody but those who wait here, or have just been resumed */
#ifndef MUTATE_LIFT_DOES_NOT_WAKE
            request[w] = request[w] | RESUME;
#endif
            told = 0; w = 0
        }
    :: atomic { !told && seen ->
            w = (seen & 1 -> 0 : (seen & 2 -> 1 : 2));
            seen = seen & ~BIT(w);
            if
            :: ticket[w] == g -> ticket[w] = NONE; told = 1
#ifndef MUTATE_LIFT_LEAVES_TELLING_TO_OTHERS
            :: ticket[w] == NONE -> told = 1
#endif
            :: else -> w = 0
            fi
        }
    :: !told && !seen -> break
    od
}

/* The second step of FlushPass.withdraw. Within an atomic block. */
inline unregister() {
    if
    :: registered != NONE ->
        waiters[registered] = waiters[registered] & ~BIT(me);
        registered = NONE
    :: else
    fi
}

/* FlushPass.acknowledge: a wait that is over is forgotten. Within an atomic block. */
inline acknowledge() {
    if
    :: ticket[me] == NONE ->
        asleep[me] = 0;
        mustwake[me] = 0;
        unregister()
    :: else
    fi
}

/* FlushPass.cancel, and what else INIT does to level 0. Within an atomic block. */
inline init_level0() {
#ifndef MUTATE_RESET_KEEPS_THE_TICKET
    ticket[me] = NONE;
#endif
    acknowledge();
    targets = 0;
    forget(me)
}

/* The first target from a VP on; N where there is none. */
inline next_target(from) {
    d_step {
        t = from;
        do
        :: t < N && !(targets & BIT(t)) -> t++
        :: else -> break
        od
    }
}

/* Asks a target to flush. A kick brings it out of guest code. */
inline post(vp) {
    atomic { pending[vp] = 1; posted[me] = 1 };
    request[vp] = request[vp] | FLUSH
}

/* FlushPass.leave */
inline leave() {
    w = 0;
    do
    :: atomic { entered ->
            w = (entered & 1 -> 0 : (entered & 2 -> 1 : 2));
            passing[w]--;
            entered = entered & ~BIT(w);
            w = 0
        }
    :: !entered -> break
    od
}

/* Chooses a VP. */
inline any(vp) {
    if
    :: vp = 0
    :: vp = 1
#if !SLOW
    :: vp = 2
#endif
    fi
}

proctype Vp(byte me; byte flushes) {
    byte targets = 0;       /* of the hypercall on which the instruction pointer stands; 0: it is elsewhere */
    byte entered = 0;       /* FlushPass.entered */
    byte registered = NONE; /* FlushPass.registered */
    byte t = 0;
    byte w = 0;
    byte saw = 0;
    byte seen = 0;
    bit told = 0;

top: /* VpRunner.turn: the requests, one a turn */
    if
    :: atomic { request[me] & WORK -> request[me] = request[me] & ~WORK; act(me) };
        goto top
    :: atomic { (request[me] & (WORK | INIT)) == INIT -> request[me] = request[me] & ~INIT; init_level0() };
        goto top
    :: atomic { (request[me] & (WORK | INIT | PAUSE)) == PAUSE -> quiet[me] = 1 };
        atomic { (request[me] & (WORK | INIT)) || !(request[me] & PAUSE) -> quiet[me] = 0 };
        goto top
    :: atomic { (request[me] & (WORK | INIT | PAUSE | FLUSH)) == FLUSH -> request[me] = request[me] & ~FLUSH };
        atomic { act(me) };
        goto top
    :: atomic { (request[me] & (WORK | INIT | PAUSE | FLUSH | RESUME)) == RESUME ->
            request[me] = request[me] & ~RESUME;
            mustwake[me] = 0
        };
        atomic { acknowledge() };
        goto top
    :: atomic { (request[me] & (WORK | INIT | PAUSE | FLUSH | RESUME | INTERRUPT)) == INTERRUPT && !deaf() ->
            request[me] = request[me] & ~INTERRUPT
        };
        goto higher
#ifndef MUTATE_SUSPENDED_RUNS
        /* Suspended: it sleeps until there is one of the above (FLUSH alone would not wake it). Only itself could suspend it now. */
    :: atomic { !request[me] && ticket[me] == NONE ->
#else
    :: atomic { !request[me] ->
#endif
            acknowledge();
            mode[me] = GUEST;
            assert(!due[me]);           /* invariant 1 */
            assert(ticket[me] == NONE); /* invariant 5 */
            /* Invariant 7: no lift will bother it. */
            assert(!((waiters[0] | waiters[1] | waiters[2]) & BIT(me)))
        }
    fi;

end_guest: /* executes level 0 */
    if
    :: targets ->
        mode[me] = HYPERVISOR;
        goto hypercall
    :: atomic { !targets && flushes && !request[me] ->
            flushes--;
            targets = (TARGETS >> (3 * me)) & 7;
            if
            :: targets
            :: !targets -> targets = 1
            :: !targets -> targets = 2
            :: !targets -> targets = 3
            :: !targets -> targets = 4
            :: !targets -> targets = 5
            :: !targets -> targets = 6
            :: !targets -> targets = 7
            fi;
            mode[me] = HYPERVISOR };
        goto hypercall
    :: request[me] -> /* kicked */
        mode[me] = HYPERVISOR;
        goto top
#if SLOW
    :: me == 2 && !targets ->
        mode[me] = DEVICE;
end_device:
        false
#endif
    fi;

hypercall: /* FlushPass.enter */
    atomic { owed[me] = targets; posted[me] = 0; unregister() };
    next_target(0);
    do
    :: t == N -> break
#ifdef MUTATE_SELF_IS_NO_TARGET
    :: t == me -> next_target(t + 1)
    :: t < N && t != me ->
#else
    :: t < N ->
#endif
#ifdef MUTATE_FLUSH_DOES_NOT_LOOK
        atomic { passing[t]++; entered = entered | BIT(t) };
#else
#ifdef MUTATE_LOOK_AND_ENTRY_APART
        if
        :: reasons[t] -> goto refused
        :: !reasons[t]
        fi;
        atomic { passing[t]++; entered = entered | BIT(t) };
#else
        atomic {
            if
            :: reasons[t] -> goto refused
            :: else -> passing[t]++; entered = entered | BIT(t)
            fi
        }
#endif
#endif
#ifdef MUTATE_FLUSHES_AS_IT_ENTERS
        post(t);
#endif
        next_target(t + 1)
    od;

#ifdef MUTATE_LEAVES_BEFORE_IT_TELLS
    leave();
#endif
    /* Inside all gates */
    next_target(0);
    do
    :: t == N -> break
    :: t < N ->
        post(t);
        next_target(t + 1)
    od;
#ifdef LEAVES_EARLY
    leave();
#endif
#ifndef MUTATE_DOES_NOT_AWAIT_TARGETS
    next_target(0);
    do
    :: t == N -> break
    :: atomic { t < N && (mode[t] != GUEST || !(request[t] & FLUSH)) -> next_target(t + 1) }
    od;
#endif
    leave();
    atomic { /* invariant 1: whoever has not acted executes nothing before it does */
        assert(!(owed[me] & BIT(0)) || mode[0] != GUEST);
        assert(!(owed[me] & BIT(1)) || mode[1] != GUEST);
        assert(!(owed[me] & BIT(2)) || mode[2] != GUEST);
        due[0] = due[0] | (owed[me] & 1);
        due[1] = due[1] | ((owed[me] >> 1) & 1);
        due[2] = due[2] | ((owed[me] >> 2) & 1);
        owed[me] = 0; posted[me] = 0; targets = 0; t = 0
    }
    goto top;

refused: /* FlushPass.suspend, on VP t */
#ifndef MUTATE_SUSPENDS_INSIDE_GATES
    leave();
#endif
#ifdef MUTATE_LOOKS_BEFORE_IT_PUBLISHES
    if
    :: !reasons[t] -> goto top
    :: else
    fi;
#endif
    atomic { registered = t; ticket[me] = t };
    waiters[t] = waiters[t] | BIT(me);
    atomic {
        if
#if defined(MUTATE_NO_SECOND_LOOK) || defined(MUTATE_LOOKS_BEFORE_IT_PUBLISHES)
        :: true ->
#else
        :: !reasons[t] -> goto opened
        :: else ->
#endif
            if
            :: ticket[me] == t ->
                assert(!posted[me]); /* invariant 3 */
                asleep[me] = 1
            :: else
            fi
        fi;
        t = 0;
        goto top
    }
opened: /* FlushPass.withdraw */
    ticket[me] = NONE;
    atomic { unregister(); t = 0 };
    goto top;

higher: /* level 1 takes the interrupt; level 0 stays as it is, suspended or not */
    atomic { answered = answered | BIT(me); mode[me] = HIGHER };
    if
    :: goto back
    :: true
    fi;
    mode[me] = HYPERVISOR;
    shut(me, LOCK); /* it sets TlbLocked */
    atomic { act(me); inhibited[me] = inhibited[me] | LOCK; mode[me] = HIGHER };
    if
    :: true
    :: atomic { ipis -> ipis--; t = (me + 1) % N }
    :: atomic { ipis -> ipis--; t = (me + 2) % N }
    fi;
    /* It may ask another VP's level 1 for something, and waits for the answer with the lock held. */
    if
    :: true
    :: atomic { ipis -> ipis--; t = (me + 1) % N };
        goto ask
    :: atomic { ipis -> ipis--; t = (me + 2) % N };
ask:
        atomic { answered = answered & ~BIT(t); request[t] = request[t] | INTERRUPT };
        do
        :: answered & BIT(t) -> break
        :: atomic { request[me] & INTERRUPT -> request[me] = request[me] & ~INTERRUPT; answered = answered | BIT(me) }
        :: atomic { request[me] & WORK -> request[me] = request[me] & ~WORK; act(me) }
        :: atomic { (request[me] & (WORK | PAUSE)) == PAUSE -> mode[me] = HYPERVISOR; quiet[me] = 1 };
            atomic { (request[me] & WORK) || !(request[me] & PAUSE) -> quiet[me] = 0; mode[me] = HIGHER }
        od
    fi;
    t = 0;
back:
    mode[me] = HYPERVISOR;
    lift(me, LOCK, me); /* TLFS vsm.md, "TlbLocked": a return to a lower level releases it */
    goto top
}

/* A thread of the host that uses the API. */
proctype Host(byte me; byte inhibits) {
    byte g = 0;
    byte w = 0;
    byte saw = 0;
    byte seen = 0;
    bit told = 0;

    do
    :: inhibits == 0 -> break
    :: atomic { inhibits -> inhibits--; any(g) };
        shut(g, HOST);
#ifndef MUTATE_INHIBIT_LEAVES_WHAT_IS_PENDING
        /* The VP does it, and this waits for that VP alone. */
        if
#ifdef MUTATE_INHIBIT_LOOKS_AT_THE_REQUEST
        :: request[g] & FLUSH ->
#else
        :: pending[g] ->
#endif
            request[g] = request[g] | WORK;
            !pending[g]
        :: else
        fi;
#endif
        atomic {
            if /* where another thread has lifted it meanwhile nothing is promised */
            :: reasons[g] & HOST -> inhibited[g] = inhibited[g] | HOST
            :: else
            fi
        }
        lift(g, HOST, me)
    od
}

/* The control interface. */
proctype Control(byte pauses) {
    do
    :: pauses == 0 -> break
    :: pauses ->
        pauses--;
        request[0] = request[0] | PAUSE;
        request[1] = request[1] | PAUSE;
        request[2] = request[2] | PAUSE;
        quiet[0] && quiet[1] && quiet[2];
        /* Invariant 5: what is saved now is whole. */
        atomic {
            assert(passing[0] + passing[1] + passing[2] == 0);
            assert(mode[0] != GUEST && mode[1] != GUEST && mode[2] != GUEST)
        }
        if
        :: true
        :: request[0] = request[0] | INIT;
            request[1] = request[1] | INIT;
            request[2] = request[2] | INIT;
            !(request[0] & INIT) && !(request[1] & INIT) && !(request[2] & INIT);
            assert(ticket[0] == NONE && ticket[1] == NONE && ticket[2] == NONE)
        fi;
        request[0] = request[0] & ~PAUSE;
        request[1] = request[1] & ~PAUSE;
        request[2] = request[2] & ~PAUSE
    od
}

/* Interrupts and INITs from anywhere. */
proctype Outside(byte interrupts; byte inits) {
    byte vp = 0;

    do
    :: interrupts == 0 && inits == 0 -> break
    :: atomic { interrupts -> interrupts--; any(vp); request[vp] = request[vp] | INTERRUPT }
    :: atomic { inits -> inits--; any(vp); request[vp] = request[vp] | INIT }
    od
}

init {
    atomic {
        ticket[0] = NONE; ticket[1] = NONE; ticket[2] = NONE;
        run Vp(0, FLUSHES0);
        run Vp(1, FLUSHES1);
        run Vp(2, FLUSHES2);
#if INHIBITS_A
        run Host(3, INHIBITS_A);
#endif
#if INHIBITS_B
        run Host(4, INHIBITS_B);
#endif
#if PAUSES
        run Control(PAUSES);
#endif
#if INTERRUPTS || INITS
        run Outside(INTERRUPTS, INITS)
#endif
    }
}
