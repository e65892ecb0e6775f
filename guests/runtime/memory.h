/* The compiler may call these for what looks like a loop or a structure copy; also without anybody's including this. */
#pragma once

void *memset(void *to, int value, unsigned long length);
void *memcpy(void *to, const void *from, unsigned long length);
