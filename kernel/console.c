/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How do many sources share one wire, line by line, without waiting for each other?
 *
 * A ring: head and line_end are written by the producer only, tail by the consumer only; data
 * between tail and head is stable.  line_end is published after head, so a consumer that reads them
 * in the opposite order never sees a line that is not all there.
 *
 * The mux: `text` goes out before anything else; inside a line, characters go out up to line_limit,
 * which was all there when it was set and never cuts CR LF apart.
 */
#include <bulkhead/console.h>

static uint8_t ring_at(const struct console_ring *ring, uint32_t position)
{
    return ring->data[position & (ring->size_bytes - 1U)];
}

void console_ring_init(struct console_ring *ring, uint8_t *data, uint32_t size_bytes,
                       const char *tag)
{
    *ring = (struct console_ring){.data = data, .size_bytes = size_bytes, .tag = tag};
    data[size_bytes - 1U] = '\n'; /* what went before the first character: a line's start */
}

void console_ring_put(struct console_ring *ring, uint8_t character)
{
    uint32_t head = ring->head;
    uint32_t used = head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

    if (character == '\0')
        return;
    if (character == '\r') {
        uint8_t last = ring_at(ring, head - 1U);
        if (last == '\r' || last == '\n')
            return;
    }
    if (used >= ring->size_bytes - (character == '\n' ? 0U : 1U)) {
        __atomic_store_n(&ring->lost, ring->lost + 1U, __ATOMIC_RELAXED);
        return;
    }
    ring->data[head & (ring->size_bytes - 1U)] = character;
    __atomic_store_n(&ring->head, head + 1U, __ATOMIC_RELEASE);
    if (character == '\n')
        __atomic_store_n(&ring->line_end, head + 1U, __ATOMIC_RELEASE);
}

/* How far a source may be sent now: its tail if it is not ready. */
static uint32_t ready_limit(const struct console_ring *ring, bool flush)
{
    uint32_t line_end = __atomic_load_n(&ring->line_end, __ATOMIC_ACQUIRE);
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint32_t used = head - ring->tail;
    uint32_t whole = line_end - ring->tail;

    if (whole != 0 && whole <= used)
        return line_end;
    if (used == 0 || (!flush && used <= ring->size_bytes / 2U))
        return ring->tail;
    /* What a trailing CR means depends on the character after it. */
    return ring_at(ring, head - 1U) == '\r' ? head - 1U : head;
}

/* Losses that are to be reported now. */
static uint64_t loss_due(const struct console_ring *ring)
{
    uint64_t lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED) - ring->lost_reported;
    uint32_t used = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - ring->tail;
    return used <= ring->size_bytes / 2U || lost >= ring->size_bytes ? lost : 0;
}

static bool source_ready(const struct console_ring *ring, bool flush)
{
    return ready_limit(ring, flush) != ring->tail || loss_due(ring) != 0;
}

/* The next source in turn that is ready, or ring_count if there is none among the CONSOLE_SCAN that
 * are looked at; the next call goes on from there. */
static uint32_t next_source(struct console_mux *mux, bool flush)
{
    for (uint32_t step = 0; step < CONSOLE_SCAN && step < mux->ring_count; step++) {
        mux->scan = mux->scan + 1U < mux->ring_count ? mux->scan + 1U : 0;
        if (source_ready(mux->ring[mux->scan], flush))
            return mux->scan;
    }
    return mux->ring_count;
}

/* Appends to the text being built; never more than fits. */
static void text_add(struct console_mux *mux, const char *string, uint32_t limit)
{
    for (; *string != '\0' && limit != 0 && mux->text_length < sizeof(mux->text); limit--)
        mux->text[mux->text_length++] = *string++;
}

static void text_add_tag(struct console_mux *mux, const struct console_ring *ring)
{
    if (ring->tag != NULL) {
        text_add(mux, "[", 1);
        text_add(mux, ring->tag, CONSOLE_TAG_MAX);
        text_add(mux, "] ", 2);
    }
}

/* The longest text: tag, "lost ", 20 digits, " characters" and line end, then the next line's tag.
 */
_Static_assert(sizeof(((struct console_mux *)0)->text) >= 2 * (CONSOLE_TAG_MAX + 3) + 5 + 20 + 13,
               "the loss line fits");

static void text_add_loss(struct console_mux *mux, const struct console_ring *ring, uint64_t lost)
{
    char digits[21];
    uint32_t first = sizeof(digits) - 1U;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + lost % 10U);
        lost /= 10U;
    } while (lost != 0);
    text_add_tag(mux, ring);
    text_add(mux, "lost ", 5);
    text_add(mux, &digits[first], 20);
    text_add(mux, " characters\r\n", 13);
}

void console_mux_init(struct console_mux *mux, struct console_ring *const *ring,
                      uint32_t ring_count)
{
    *mux = (struct console_mux){.ring = ring, .ring_count = ring_count};
    mux->current = ring_count != 0 ? ring_count - 1U : 0; /* the first turn is source 0's */
    mux->scan = mux->current;
}

/*
 * Begins or continues a line, or says what was lost.  Fails when nothing is ready.
 * Afterwards there is text to send, or line_limit is beyond the tail.
 */
static bool choose(struct console_mux *mux, bool flush)
{
    uint32_t source = next_source(mux, flush);

    if (source == mux->ring_count)
        return false;
    struct console_ring *ring = mux->ring[source];
    uint64_t lost = loss_due(ring);
    uint32_t limit = ready_limit(ring, flush);

    if (mux->in_line && (source != mux->current || limit == ring->tail)) {
        mux->in_line = false; /* unfinished: its rest begins a line of its own, with a tag */
        text_add(mux, "\r\n", 2);
        mux->scan =
            source != 0 ? source - 1U : mux->ring_count - 1U; /* its turn is still to come */
        return true;
    }
    mux->current = source;
    if (!mux->in_line && lost != 0) {
        ring->lost_reported += lost;
        text_add_loss(mux, ring, lost);
    }
    if (limit == ring->tail)
        return true;
    if (!mux->in_line)
        text_add_tag(mux, ring);
    mux->in_line = true;
    mux->line_limit = limit;
    return true;
}

/* Sends the next character of the line; line_limit is beyond the tail. */
static int line_next(struct console_mux *mux)
{
    struct console_ring *ring = mux->ring[mux->current];
    uint32_t tail = ring->tail;
    uint8_t character = ring_at(ring, tail);

    tail++;
    if (character == '\r') {
        /* Something follows: ready_limit() stops before a CR that is last. */
        if (ring_at(ring, tail) != '\n')
            text_add_tag(mux, ring);
        else
            tail++;
    }
    bool end = ring_at(ring, tail - 1U) == '\n';
    __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
    if (!end)
        return character;
    mux->in_line = false;
    text_add(mux, "\n", 1);
    return '\r';
}

int console_mux_next(struct console_mux *mux, bool flush)
{
    if (mux->text_position == mux->text_length) {
        mux->text_position = 0;
        mux->text_length = 0;
        bool more = mux->in_line && mux->line_limit != mux->ring[mux->current]->tail;
        if (!more && !choose(mux, flush))
            return -1;
    }
    if (mux->text_position != mux->text_length)
        return (unsigned char)mux->text[mux->text_position++];
    return line_next(mux);
}

bool console_mux_in_text(const struct console_mux *mux)
{
    return mux->text_position != mux->text_length ||
           (mux->in_line && mux->line_limit != mux->ring[mux->current]->tail);
}

bool console_mux_ready(const struct console_mux *mux)
{
    if (console_mux_in_text(mux))
        return true;
    for (uint32_t source = 0; source < mux->ring_count; source++) {
        if (source_ready(mux->ring[source], false))
            return true;
    }
    return false;
}
