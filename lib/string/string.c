// SPDX-License-Identifier: BSD-2-Clause
#include <stdint.h>

#include "string/string.h"

/* A cache line at a time when both pointers are aligned: the boot package and page copies are large. */
#define LINE_WORDS 8u
#define LINE_SIZE (LINE_WORDS * sizeof(uint64_t))

#ifdef __aarch64__
/* GCC would undo the pairs. */
static inline void copy_line(unsigned char **d, const unsigned char **s)
{
	uint64_t w0, w1, w2, w3, w4, w5, w6, w7;

	__asm__ volatile("ldp %2, %3, [%1], #64\n\t"
			 "ldp %4, %5, [%1, #-48]\n\t"
			 "ldp %6, %7, [%1, #-32]\n\t"
			 "ldp %8, %9, [%1, #-16]\n\t"
			 "stp %2, %3, [%0], #64\n\t"
			 "stp %4, %5, [%0, #-48]\n\t"
			 "stp %6, %7, [%0, #-32]\n\t"
			 "stp %8, %9, [%0, #-16]"
			 : "+&r"(*d), "+&r"(*s), "=&r"(w0), "=&r"(w1), "=&r"(w2), "=&r"(w3),
			   "=&r"(w4), "=&r"(w5), "=&r"(w6), "=&r"(w7)
			 :
			 : "memory");
}

static inline void set_line(unsigned char **d, uint64_t w)
{
	__asm__ volatile("stp %1, %1, [%0], #64\n\t"
			 "stp %1, %1, [%0, #-48]\n\t"
			 "stp %1, %1, [%0, #-32]\n\t"
			 "stp %1, %1, [%0, #-16]"
			 : "+&r"(*d)
			 : "r"(w)
			 : "memory");
}
#else
static inline void copy_line(unsigned char **d, const unsigned char **s)
{
	for (unsigned int i = 0; i < LINE_WORDS; i++)
		((uint64_t *)*d)[i] = ((const uint64_t *)*s)[i];
	*d += LINE_SIZE;
	*s += LINE_SIZE;
}

static inline void set_line(unsigned char **d, uint64_t w)
{
	for (unsigned int i = 0; i < LINE_WORDS; i++)
		((uint64_t *)*d)[i] = w;
	*d += LINE_SIZE;
}
#endif

static int word_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) % sizeof(uint64_t)) == 0;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (word_aligned(d, s)) {
		for (; n >= LINE_SIZE; n -= LINE_SIZE)
			copy_line(&d, &s);
		while (n >= sizeof(uint64_t)) {
			*(uint64_t *)d = *(const uint64_t *)s;
			d += sizeof(uint64_t);
			s += sizeof(uint64_t);
			n -= sizeof(uint64_t);
		}
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (d == s || n == 0)
		return dst;
	if (d < s || d >= s + n) {
		/* Forward is safe; memcpy itself only walks forward, word by word. */
		while (n--)
			*d++ = *s++;
		return dst;
	}
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	uint64_t w = (unsigned char)c * UINT64_C(0x0101010101010101);

	while (n && (uintptr_t)d % sizeof(w)) {
		*d++ = (unsigned char)c;
		n--;
	}
	for (; n >= LINE_SIZE; n -= LINE_SIZE)
		set_line(&d, w);
	for (; n >= sizeof(w); n -= sizeof(w), d += sizeof(w))
		*(uint64_t *)d = w;
	while (n--)
		*d++ = (unsigned char)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++) {
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *hit = NULL;

	for (;; s++) {
		if (*s == (char)c)
			hit = s;
		if (!*s)
			return (char *)(uintptr_t)hit;
	}
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned int)(c - 'A') + 10;
	return ~0u;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	const char *start = s;
	unsigned long v = 0;
	unsigned int d;
	int any = 0;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
	    digit_value(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == '0' ? 8 : 10;
	}
	for (; (d = digit_value(*s)) < (unsigned int)base; s++, any = 1) {
		if (v > (~0ul - d) / (unsigned long)base)
			v = ~0ul;
		else
			v = v * (unsigned long)base + d;
	}
	if (end)
		*end = (char *)(uintptr_t)(any ? s : start);
	return v;
}
