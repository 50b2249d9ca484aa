/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How are many nodes written that differ in their number only?  REPEAT_64(item) becomes
 * item(1, 1) item(2, 2) ... item(10, 0) ... item(40, 0): the numbers from 1 on in hexadecimal,
 * without 0x and leading zeros, as a unit address wants them, and beside each its last digit.
 *
 *     #define PARTITION(number, digit) \
 *             p##number: partition@number { reg = <0x##number>; ... };
 *     REPEAT_64(PARTITION)
 *
 * The digit chooses one of sixteen: `partition = <&p##digit>` gives each of them a turn.
 * STRING(p##number) is a label's text.  What begins at number << 16 is @number##0000.
 */
#ifndef BULKHEAD_REPEAT_H
#define BULKHEAD_REPEAT_H

/* These are not C expressions. */
/* clang-format off */
#define STRING(text) #text

/* The numbers that begin with `head` and have one digit more; 15 of them without the zero. */
#define REPEAT_HEAD_15(item, head) \
	item(head##1, 1) item(head##2, 2) item(head##3, 3) item(head##4, 4) item(head##5, 5) \
	item(head##6, 6) item(head##7, 7) item(head##8, 8) item(head##9, 9) item(head##a, a) \
	item(head##b, b) item(head##c, c) item(head##d, d) item(head##e, e) item(head##f, f)
#define REPEAT_HEAD_16(item, head) item(head##0, 0) REPEAT_HEAD_15(item, head)

/* The same with two digits more, from head##10 on. */
#define REPEAT_HEAD_240(item, head) \
	REPEAT_HEAD_16(item, head##1) REPEAT_HEAD_16(item, head##2) REPEAT_HEAD_16(item, head##3) \
	REPEAT_HEAD_16(item, head##4) REPEAT_HEAD_16(item, head##5) REPEAT_HEAD_16(item, head##6) \
	REPEAT_HEAD_16(item, head##7) REPEAT_HEAD_16(item, head##8) REPEAT_HEAD_16(item, head##9) \
	REPEAT_HEAD_16(item, head##a) REPEAT_HEAD_16(item, head##b) REPEAT_HEAD_16(item, head##c) \
	REPEAT_HEAD_16(item, head##d) REPEAT_HEAD_16(item, head##e) REPEAT_HEAD_16(item, head##f)
#define REPEAT_HEAD_256(item, head) REPEAT_HEAD_16(item, head##0) REPEAT_HEAD_240(item, head)

#define REPEAT_16(item) REPEAT_HEAD_15(item, ) item(10, 0)
#define REPEAT_64(item) \
	REPEAT_HEAD_15(item, ) REPEAT_HEAD_16(item, 1) REPEAT_HEAD_16(item, 2) \
	REPEAT_HEAD_16(item, 3) item(40, 0)
#define REPEAT_1024(item) \
	REPEAT_HEAD_15(item, ) REPEAT_HEAD_240(item, ) REPEAT_HEAD_256(item, 1) \
	REPEAT_HEAD_256(item, 2) REPEAT_HEAD_256(item, 3) item(400, 0)

/* clang-format on */

#endif
