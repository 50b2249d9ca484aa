// SPDX-License-Identifier: Apache-2.0
/*
 * Does the arena hand out aligned, zeroed, separate memory and nothing past its end?
 */
#include <setjmp.h>
#include <stdarg.h>

#include <bulkhead/arena.h>

#include <cmocka.h>

#include <string.h>

static uint8_t memory[4096] __attribute__((aligned(64)));

static struct arena used_arena(size_t skip, size_t size)
{
    memset(memory, 0xa5, sizeof(memory));
    return (struct arena){memory + skip, memory + skip + size};
}

static void memory_is_aligned_and_zeroed(void **state)
{
    (void)state;
    for (size_t align = 1; align <= 64; align *= 2) {
        for (size_t skip = 0; skip < 64; skip++) {
            struct arena arena = used_arena(skip, 1024);
            uint8_t *taken = arena_take(&arena, 37, align);
            assert_non_null(taken);
            assert_int_equal((uintptr_t)taken % align, 0);
            assert_true(taken >= memory + skip && taken < memory + skip + align);
            for (size_t at = 0; at < 37; at++) {
                assert_int_equal(taken[at], 0);
            }
            assert_int_equal(taken[37], 0xa5);
            assert_ptr_equal(arena.next, taken + 37);
        }
    }
}

static void exhaustion_changes_nothing(void **state)
{
    struct arena arena = used_arena(1, 100);
    (void)state;
    assert_non_null(arena_take(&arena, 60, 1));
    assert_int_equal(arena_left(&arena), 40);
    assert_null(arena_take(&arena, 41, 1));
    assert_null(arena_take(&arena, 38, 64));
    assert_null(arena_take(&arena, SIZE_MAX, 1));
    assert_null(arena_take(&arena, SIZE_MAX, 64));
    assert_int_equal(arena_left(&arena), 40);
    assert_non_null(arena_take(&arena, 40, 1));
    assert_int_equal(arena_left(&arena), 0);
    assert_non_null(arena_take(&arena, 0, 1));
    assert_null(arena_take(&arena, 1, 1));
    assert_int_equal(memory[101], 0xa5);
}

static void products_are_checked(void **state)
{
    struct arena arena = used_arena(0, 1024);
    (void)state;
    assert_null(arena_take_array(&arena, SIZE_MAX / 8 + 2, 8, 8));
    assert_null(arena_take_array(&arena, 129, 8, 8));
    assert_int_equal(arena_left(&arena), 1024);
    assert_non_null(arena_take_array(&arena, 128, 8, 8));
    assert_int_equal(arena_left(&arena), 0);
    assert_non_null(arena_take_array(&arena, 0, 8, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zeroed),
        cmocka_unit_test(exhaustion_changes_nothing),
        cmocka_unit_test(products_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
