/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the device tree that a guest finds a true one?  It says where the tree is and what is in it,
 * and uses each thing as the tree describes it.  Parameters: 0 = until which major frame each life
 * spoils the tree and resets the partition.
 *
 *     tree: at=ADDRESS bytes=N hash=N frame=N
 *     tree: memory ADDRESS SIZE words=N         N of its last two words could be read and written
 *     tree: reserved ADDRESS SIZE hash=N        of its first 64 bytes
 *     tree: cpus=N reg=N mpidr=N
 *     tree: psci version=N conduit=hvc|smc
 *     tree: gic version=N at=ADDRESS id=N       architecture revision that its registers say
 *     tree: timer virtual=N physical=N fired=N  PPIs, and how many of both timers came by them
 *     tree: uart at=ADDRESS irq=N id=N          part number that its registers say
 *     tree: initrd ADDRESS SIZE hash=N
 *     tree: bootargs TEXT
 *     tree: end
 */
#include <fdt.h>

#define PSCI_VERSION      UINT64_C(0x84000000)
#define PSCI_SYSTEM_RESET UINT64_C(0x84000009)
#define GICD_PIDR2_V2     0xfe8U  /* IHI 0048B, 4.3.18 */
#define GICD_PIDR2_V3     0xffe8U /* IHI 0069H, 12.9.26 */
#define UART_PERIPH_ID    0xfe0U  /* DDI 0183G, 3.3.16 */
#define FNV_BASIS         UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME         UINT64_C(0x100000001b3)
#define TIMER_WAIT_TICKS  100000U
#define PPI_FIRST         16U
#define SPI_FIRST         32U
#define RESERVED_HASHED   64U
#define NODES_MAX         16U

static volatile uint32_t fired;

static uint64_t hash_bytes(const volatile uint8_t *bytes, uint64_t count)
{
    uint64_t hash = FNV_BASIS;

    for (uint64_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    return hash;
}

/* The tree itself may lie at the end of memory, so what is written is what was there. */
static void tell_memory(const uint8_t *tree)
{
    for (uint32_t nth = 0; nth < NODES_MAX; nth++) {
        struct fdt_value reg = fdt_get(tree, fdt_find(tree, "/memory", nth), "reg");
        uint64_t base = fdt_number(reg, 0, 2);
        uint64_t size = fdt_number(reg, 2, 2);
        uint64_t words = 0;

        if (reg.bytes == NULL) {
            return;
        }
        for (uint64_t at = base + size - 16; at < base + size; at += 8) {
            volatile uint64_t *word = (volatile uint64_t *)at;
            uint64_t before = *word;

            *word = ~before;
            words += *word == ~before;
            *word = before;
        }
        print("tree: memory %lx %lx words=%lu\n", base, size, words);
    }
}

static void tell_reserved(const uint8_t *tree)
{
    static const char *const path[] = {"/reserved-memory/memory", "/reserved-memory/image"};

    for (unsigned kind = 0; kind < countof(path); kind++) {
        for (uint32_t nth = 0; nth < NODES_MAX; nth++) {
            struct fdt_value reg = fdt_get(tree, fdt_find(tree, path[kind], nth), "reg");
            uint64_t base = fdt_number(reg, 0, 2);

            if (reg.bytes == NULL) {
                break;
            }
            print("tree: reserved %lx %lx hash=%lu\n", base, fdt_number(reg, 2, 2),
                  hash_bytes((const volatile uint8_t *)base, RESERVED_HASHED));
        }
    }
}

static void tell_cpus(const uint8_t *tree)
{
    uint32_t count = 0;
    struct fdt_value reg = fdt_get(tree, fdt_find(tree, "/cpus/cpu", 0), "reg");

    while (fdt_find(tree, "/cpus/cpu", count) != 0) {
        count++;
    }
    print("tree: cpus=%u reg=%lu mpidr=%lu\n", count, fdt_number(reg, 0, 1),
          sysreg_read(mpidr_el1) & 0xff00ffffffU);
}

static void tell_psci(const uint8_t *tree)
{
    struct fdt_value method = fdt_get(tree, fdt_find(tree, "/psci", 0), "method");
    bool by_hvc = fdt_has(method, "hvc");
    struct hvc_result result = by_hvc ? hvc(PSCI_VERSION, 0, 0, 0) : smc(PSCI_VERSION, 0, 0, 0);

    print("tree: psci version=%lx conduit=%s\n", result.x[0], by_hvc ? "hvc" : "smc");
}

static void tell_gic(const uint8_t *tree)
{
    uint32_t node = fdt_find(tree, "/interrupt-controller", 0);
    uint64_t base = fdt_number(fdt_get(tree, node, "reg"), 0, 2);
    bool v3 = fdt_has(fdt_get(tree, node, "compatible"), "arm,gic-v3");
    uint32_t id = read32(base + (v3 ? GICD_PIDR2_V3 : GICD_PIDR2_V2));

    print("tree: gic version=%u at=%lx id=%u\n", v3 ? 3 : 2, base, id >> 4 & 0xf);
}

static void on_irq(struct guest_frame *frame)
{
    uint32_t iar = gic_ack();

    (void)frame;
    fired++;
    sysreg_write(cntv_ctl_el0, 0);
    sysreg_write(cntp_ctl_el0, 0);
    gic_eoi(iar);
}

/* One timer at a time, by the interrupt that the tree gives it. */
static void tell_timers(const uint8_t *tree)
{
    struct fdt_value irq = fdt_get(tree, fdt_find(tree, "/timer", 0), "interrupts");
    uint32_t physical = (uint32_t)fdt_number(irq, 4, 1);
    uint32_t virtual = (uint32_t)fdt_number(irq, 7, 1);

    gic_init();
    guest_irq = on_irq;
    for (unsigned timer = 0; timer < 2; timer++) {
        uint64_t until = counter_read() + TIMER_WAIT_TICKS;
        uint32_t before = fired;

        gic_enable(PPI_FIRST + (timer == 0 ? virtual : physical));
        if (timer == 0) {
            sysreg_write(cntv_cval_el0, sysreg_read(cntvct_el0) + 1000);
            sysreg_write(cntv_ctl_el0, 1);
        } else {
            sysreg_write(cntp_cval_el0, counter_read() + 1000);
            sysreg_write(cntp_ctl_el0, 1);
        }
        irq_unmask();
        while (fired == before && counter_read() < until) {
        }
        irq_mask();
    }
    print("tree: timer virtual=%u physical=%u fired=%u\n", virtual, physical, fired);
}

static void tell_uart(const uint8_t *tree)
{
    uint32_t node = fdt_find(tree, "/serial", 0);
    uint64_t base = fdt_number(fdt_get(tree, node, "reg"), 0, 2);
    uint64_t spi = fdt_number(fdt_get(tree, node, "interrupts"), 1, 1);

    if (node != 0) {
        print("tree: uart at=%lx irq=%lu id=%x\n", base, spi + SPI_FIRST,
              (read32(base + UART_PERIPH_ID) & 0xff) | (read32(base + UART_PERIPH_ID + 4) & 0xf)
                                                           << 8);
    }
}

static void tell_chosen(const uint8_t *tree)
{
    uint32_t node = fdt_find(tree, "/chosen", 0);
    struct fdt_value start = fdt_get(tree, node, "linux,initrd-start");
    struct fdt_value behind = fdt_get(tree, node, "linux,initrd-end");
    uint64_t begin = fdt_number(start, 0, start.length / 4);
    uint64_t end = fdt_number(behind, 0, behind.length / 4);
    struct fdt_value bootargs = fdt_get(tree, node, "bootargs");

    if (end != 0) {
        print("tree: initrd %lx %lx hash=%lu\n", begin, end - begin,
              hash_bytes((const volatile uint8_t *)begin, end - begin));
    }
    if (bootargs.bytes != NULL) {
        print("tree: bootargs %s\n", (const char *)bootargs.bytes);
    }
}

int main(void)
{
    const uint8_t *tree = fdt_of_boot();
    struct guest_window window = {0};

    window_read(&window);
    if (tree == NULL) {
        print("tree: none, x0=%lx\n", guest_boot.x[0]);
    } else {
        print("tree: at=%lx bytes=%u hash=%lu frame=%u\n", (uint64_t)tree, fdt_size(tree),
              hash_bytes(tree, fdt_size(tree)), window.frame);
        if (window.frame < guest_params.word[0]) {
            for (uint32_t at = fdt_size(tree); at-- > 0;) {
                ((volatile uint8_t *)(uintptr_t)tree)[at] = (uint8_t)(at + window.frame);
            }
            hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
        }
        tell_memory(tree);
        tell_reserved(tree);
        tell_cpus(tree);
        tell_psci(tree);
        tell_gic(tree);
        tell_timers(tree);
        tell_uart(tree);
        tell_chosen(tree);
        print("tree: end\n");
    }
    for (;;) {
        insn("wfi");
    }
}
