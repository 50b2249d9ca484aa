// SPDX-License-Identifier: Apache-2.0
/*
 * What does a guest read of its machine?  A device tree of what its partition was granted and of
 * nothing else, in the words that Linux's and U-Boot's drivers look for; it is made once, and is
 * copied into the partition at each start like any image.
 *
 * A tree is written from front to back.  The names of all properties are one constant, which stands
 * behind each tree, so that none is searched for: libfdt's writer, which collects names, takes five
 * times as long and 2 kB.  Format: Devicetree Specification 0.4, chapter 5.
 */
#include "internal.h"

#include <string.h>

/* --- writing ------------------------------------------------------------------------------------
 */

/* Every property that a tree may have: an identifier for C and the name. */
#define NAMES(NAME)                                                                                \
    NAME(address_cells, "#address-cells")                                                          \
    NAME(size_cells, "#size-cells")                                                                \
    NAME(interrupt_parent, "interrupt-parent")                                                     \
    NAME(compatible, "compatible")                                                                 \
    NAME(model, "model")                                                                           \
    NAME(bootargs, "bootargs")                                                                     \
    NAME(stdout_path, "stdout-path")                                                               \
    NAME(initrd_start, "linux,initrd-start")                                                       \
    NAME(initrd_end, "linux,initrd-end")                                                           \
    NAME(device_type, "device_type")                                                               \
    NAME(reg, "reg")                                                                               \
    NAME(ranges, "ranges")                                                                         \
    NAME(no_map, "no-map")                                                                         \
    NAME(enable_method, "enable-method")                                                           \
    NAME(method, "method")                                                                         \
    NAME(interrupts, "interrupts")                                                                 \
    NAME(always_on, "always-on")                                                                   \
    NAME(interrupt_controller, "interrupt-controller")                                             \
    NAME(interrupt_cells, "#interrupt-cells")                                                      \
    NAME(phandle, "phandle")                                                                       \
    NAME(clock_cells, "#clock-cells")                                                              \
    NAME(clocks, "clocks")                                                                         \
    NAME(clock_names, "clock-names")                                                               \
    NAME(clock_frequency, "clock-frequency")                                                       \
    NAME(current_speed, "current-speed")                                                           \
    NAME(reg_names, "reg-names")                                                                   \
    NAME(reg_shift, "reg-shift")                                                                   \
    NAME(reg_io_width, "reg-io-width")                                                             \
    NAME(interrupt_names, "interrupt-names")                                                       \
    NAME(dma_coherent, "dma-coherent")

#define MEMBER(name, text) char name[sizeof(text)];
#define VALUE(name, text)  text,
static const struct names {
    NAMES(MEMBER)
} names = {NAMES(VALUE)};
#define NAME_OF(name) ((uint32_t)offsetof(struct names, name))

/* Of a host device's node: what means the same to whoever has the device.  What refers to other
 * nodes is not copied; clocks are a case of their own. */
static const uint16_t copied[] = {
    NAME_OF(compatible), NAME_OF(clock_frequency), NAME_OF(current_speed),   NAME_OF(reg_names),
    NAME_OF(reg_shift),  NAME_OF(reg_io_width),    NAME_OF(interrupt_names), NAME_OF(dma_coherent),
};

#define STRUCT_OFFSET                                                                              \
    ((uint32_t)(sizeof(struct fdt_header) + sizeof(struct fdt_reserve_entry))) /* none reserved */
#define NAME_BYTES_MAX  49U /* of a node: 31 characters, '@', 16 digits, NUL */
#define NODE_NAME_MAX   31U /* 2.2.1 */
#define PHANDLE_GIC     1U
#define PHANDLE_CLOCK   2U /* the first one; they are counted on */
#define UART_CLOCK_HZ   24000000U
#define SBSA_UART_SPEED 115200U
#define IRQ_SPI         0U
#define IRQ_PPI         1U
#define IRQ_LEVEL_HIGH  4U

/* What does not fit is counted and not written. */
struct writer {
    uint8_t *at;
    size_t left;
    size_t wanted; /* bytes put so far */
    uint32_t phandle_next;
};

/* The room for the next bytes, in whole cells; NULL if there is none. */
static uint8_t *take(struct writer *out, size_t size_bytes)
{
    uint8_t *taken = out->at;
    out->wanted += size_bytes;
    if (size_bytes > out->left) {
        out->left = 0;
        return NULL;
    }
    out->at += size_bytes;
    out->left -= size_bytes;
    return taken;
}

static void put_cell(struct writer *out, uint32_t value)
{
    fdt32_t *cell = (fdt32_t *)(void *)take(out, sizeof(*cell));
    if (cell != NULL) {
        *cell = cpu_to_fdt32(value);
    }
}

static void put_number(struct writer *out, uint64_t value)
{
    put_cell(out, (uint32_t)(value >> 32));
    put_cell(out, (uint32_t)value);
}

static void put_bytes(struct writer *out, const void *bytes, size_t size_bytes)
{
    size_t whole = (size_bytes + 3U) & ~(size_t)3;
    uint8_t *to = take(out, whole);
    if (to != NULL) {
        memcpy(to, bytes, size_bytes);
        memset(to + size_bytes, 0, whole - size_bytes);
    }
}

/* The head of a property; its value follows. */
static void put_head(struct writer *out, uint32_t name, uint32_t length)
{
    put_cell(out, FDT_PROP);
    put_cell(out, length);
    put_cell(out, name);
}

static void put_flag(struct writer *out, uint32_t name)
{
    put_head(out, name, 0);
}

static void put_u32(struct writer *out, uint32_t name, uint32_t value)
{
    put_head(out, name, 4);
    put_cell(out, value);
}

/* A number of as many cells as it needs: their readers go by the length. */
static void put_address(struct writer *out, uint32_t name, uint64_t value)
{
    if (value >> 32 == 0) {
        put_u32(out, name, (uint32_t)value);
    } else {
        put_head(out, name, 8);
        put_number(out, value);
    }
}

static void put_value(struct writer *out, uint32_t name, const void *value, size_t length)
{
    put_head(out, name, (uint32_t)length);
    put_bytes(out, value, length);
}

static void put_string(struct writer *out, uint32_t name, const char *text)
{
    put_value(out, name, text, strlen(text) + 1);
}

/* Strings of a list stand behind each other with their NULs, as in a literal "a\0b". */
#define PUT_STRINGS(out, name, literal) put_value(out, name, literal, sizeof(literal))

static void put_reg(struct writer *out, uint64_t address, uint64_t size_bytes)
{
    put_head(out, NAME_OF(reg), 16);
    put_number(out, address);
    put_number(out, size_bytes);
}

static void put_space(struct writer *out, uint32_t address_cells, uint32_t size_cells)
{
    put_u32(out, NAME_OF(address_cells), address_cells);
    put_u32(out, NAME_OF(size_cells), size_cells);
}

static void put_irq(struct writer *out, uint32_t type, uint32_t number, uint32_t flags)
{
    put_cell(out, type);
    put_cell(out, number);
    put_cell(out, flags);
}

/* Writes "name@address" with its NUL, and '@' or another mark; returns the bytes written. */
static size_t unit_name(char text[NAME_BYTES_MAX], const char *name, size_t name_length, char mark,
                        uint64_t address)
{
    uint32_t shift = 60;
    size_t at = name_length;
    memcpy(text, name, name_length);
    text[at++] = mark;
    while (shift != 0 && address >> shift == 0) {
        shift -= 4;
    }
    for (; shift != 0; shift -= 4) {
        text[at++] = "0123456789abcdef"[address >> shift & 0xfU];
    }
    text[at++] = "0123456789abcdef"[address & 0xfU];
    text[at++] = '\0';
    return at;
}

static void open_unit(struct writer *out, const char *name, size_t name_length, char mark,
                      uint64_t address)
{
    char text[NAME_BYTES_MAX];
    size_t size_bytes = unit_name(text, name, name_length, mark, address);
    put_cell(out, FDT_BEGIN_NODE);
    put_bytes(out, text, size_bytes);
}

static void open_node(struct writer *out, const char *name)
{
    put_cell(out, FDT_BEGIN_NODE);
    put_bytes(out, name, strlen(name) + 1);
}

#define OPEN_AT(out, name, address) open_unit(out, name, sizeof(name) - 1, '@', address)

static void close_node(struct writer *out)
{
    put_cell(out, FDT_END_NODE);
}

/* --- the machine --------------------------------------------------------------------------------
 */

/* Memory that an operating system may use for whatever it wants. */
static bool is_plain(const struct memory_desc *memory)
{
    return !memory->read_only && !memory->no_execute;
}

static void put_memory(struct writer *out, const struct partition_desc *partition)
{
    for (uint32_t at = 0; at < partition->memory_count; at++) {
        const struct memory_desc *memory = &partition->memory[at];
        if (is_plain(memory)) {
            OPEN_AT(out, "memory", memory->ipa.ipa);
            PUT_STRINGS(out, NAME_OF(device_type), "memory");
            put_reg(out, memory->ipa.ipa, memory->size_bytes);
            close_node(out);
        }
    }
}

/* Whether an image lies in plain memory, where nothing else tells that it must be left alone. */
static bool to_be_kept(const struct partition_desc *partition, const struct image_desc *image)
{
    for (uint32_t at = 0; at < partition->memory_count; at++) {
        const struct memory_desc *memory = &partition->memory[at];
        if (image->load.ipa - memory->ipa.ipa < memory->size_bytes) {
            return image->kind == IMAGE_DATA && is_plain(memory);
        }
    }
    return false;
}

/* Memory with less than all rights, which no system can use unasked, and data images. */
static void put_reserved(struct writer *out, const struct partition_desc *partition)
{
    bool open = false;
    for (uint32_t at = 0; at < partition->memory_count + partition->image_count; at++) {
        bool is_memory = at < partition->memory_count;
        const struct memory_desc *memory = &partition->memory[is_memory ? at : 0];
        const struct image_desc *image =
            &partition->image[is_memory ? 0 : at - partition->memory_count];
        if (is_memory ? is_plain(memory) : !to_be_kept(partition, image)) {
            continue;
        }
        if (!open) {
            open_node(out, "reserved-memory");
            put_space(out, 2, 2);
            put_flag(out, NAME_OF(ranges));
            open = true;
        }
        if (is_memory) {
            OPEN_AT(out, "memory", memory->ipa.ipa);
            put_reg(out, memory->ipa.ipa, memory->size_bytes);
            put_flag(out, NAME_OF(no_map));
        } else {
            OPEN_AT(out, "image", image->load.ipa);
            put_reg(out, image->load.ipa, image->mem_bytes);
        }
        close_node(out);
    }
    if (open) {
        close_node(out);
    }
}

static void put_cpus(struct writer *out, const struct partition_desc *partition)
{
    open_node(out, "cpus");
    put_space(out, 1, 0);
    for (uint32_t vcpu = 0; vcpu < partition->vcpu_count; vcpu++) {
        OPEN_AT(out, "cpu", vcpu);
        PUT_STRINGS(out, NAME_OF(device_type), "cpu");
        PUT_STRINGS(out, NAME_OF(compatible), "arm,armv8");
        put_u32(out, NAME_OF(reg), vcpu); /* as VMPIDR_EL2 has it */
        PUT_STRINGS(out, NAME_OF(enable_method), "psci");
        close_node(out);
    }
    close_node(out);
    open_node(out, "psci");
    PUT_STRINGS(out, NAME_OF(compatible), "arm,psci-1.0\0arm,psci-0.2");
    PUT_STRINGS(out, NAME_OF(method), "hvc");
    close_node(out);
}

/* How a PPI's third cell tells its trigger, and to whom a GICv2 delivers it. */
static uint32_t ppi_flags(const struct partition_desc *partition)
{
    return partition->vgic == GIC_V2 ? IRQ_LEVEL_HIGH | ((1U << partition->vcpu_count) - 1U) << 8
                                     : IRQ_LEVEL_HIGH;
}

/* Secure, non-secure, virtual, hypervisor: a guest has the second and the third, wired as the
 * host's. They go on while the partition is out, so none needs a helper (always-on). */
static void put_timer(struct writer *out, const struct platform_desc *platform,
                      const struct partition_desc *partition)
{
    uint32_t flags = ppi_flags(partition);
    open_node(out, "timer");
    PUT_STRINGS(out, NAME_OF(compatible), "arm,armv8-timer");
    put_head(out, NAME_OF(interrupts), 48);
    put_irq(out, IRQ_PPI, 13, flags);
    put_irq(out, IRQ_PPI, platform->irq_phys_timer - PPI_FIRST_INTID, flags);
    put_irq(out, IRQ_PPI, platform->irq_virt_timer - PPI_FIRST_INTID, flags);
    put_irq(out, IRQ_PPI, 10, flags);
    put_flag(out, NAME_OF(always_on));
    close_node(out);
}

/* The performance counters, wired as the host's. */
static void put_pmu(struct writer *out, const struct platform_desc *platform,
                    const struct partition_desc *partition)
{
    open_node(out, "pmu");
    PUT_STRINGS(out, NAME_OF(compatible), "arm,armv8-pmuv3");
    put_head(out, NAME_OF(interrupts), 12);
    put_irq(out, IRQ_PPI, platform->irq_pmu - PPI_FIRST_INTID, ppi_flags(partition));
    close_node(out);
}

static void put_gic(struct writer *out, const struct partition_desc *partition)
{
    bool v2 = partition->vgic == GIC_V2;
    OPEN_AT(out, "interrupt-controller", partition->gicd.ipa);
    if (v2) {
        PUT_STRINGS(out, NAME_OF(compatible), "arm,gic-400");
    } else {
        PUT_STRINGS(out, NAME_OF(compatible), "arm,gic-v3");
    }
    put_flag(out, NAME_OF(interrupt_controller));
    put_u32(out, NAME_OF(interrupt_cells), 3);
    put_u32(out, NAME_OF(address_cells), 0);
    put_u32(out, NAME_OF(phandle), PHANDLE_GIC);
    put_head(out, NAME_OF(reg), 32);
    put_number(out, partition->gicd.ipa);
    put_number(out, v2 ? VGICD_V2_BYTES : VGICD_V3_BYTES);
    put_number(out, v2 ? partition->gicc.ipa : partition->gicr.ipa);
    put_number(out, v2 ? VGICC_V2_BYTES : VGICR_V3_BYTES * partition->vcpu_count);
    close_node(out);
}

/* A clock that never changes.  Returns its phandle. */
static uint32_t put_clock(struct writer *out, uint32_t hz)
{
    uint32_t phandle = out->phandle_next++;
    open_unit(out, "clock", 5, '-', phandle);
    PUT_STRINGS(out, NAME_OF(compatible), "fixed-clock");
    put_u32(out, NAME_OF(clock_cells), 0);
    put_u32(out, NAME_OF(clock_frequency), hz);
    put_u32(out, NAME_OF(phandle), phandle);
    close_node(out);
    return phandle;
}

/* The virtual UART.  Its speed means nothing, but a PL011's driver reckons with its clock, an SBSA
 * one's with the speed that somebody is to have set. */
static void put_console(struct writer *out, const struct partition_desc *partition)
{
    bool sbsa = partition->uart_model == UART_MODEL_SBSA;
    uint32_t clock = sbsa ? 0 : put_clock(out, UART_CLOCK_HZ);
    OPEN_AT(out, "serial", partition->uart.ipa);
    if (sbsa) {
        PUT_STRINGS(out, NAME_OF(compatible), "arm,sbsa-uart");
        put_u32(out, NAME_OF(current_speed), SBSA_UART_SPEED);
    } else {
        PUT_STRINGS(out, NAME_OF(compatible), "arm,pl011\0arm,primecell");
        PUT_STRINGS(out, NAME_OF(clock_names), "uartclk\0apb_pclk");
        put_head(out, NAME_OF(clocks), 8);
        put_cell(out, clock);
        put_cell(out, clock);
    }
    put_reg(out, partition->uart.ipa, VUART_BYTES);
    put_head(out, NAME_OF(interrupts), 12);
    put_irq(out, IRQ_SPI, partition->uart_irq - SPI_FIRST_INTID, IRQ_LEVEL_HIGH);
    close_node(out);
}

static void put_chosen(struct writer *out, const struct partition_desc *partition)
{
    open_node(out, "chosen");
    if (partition->bootargs != NULL) {
        put_string(out, NAME_OF(bootargs), partition->bootargs);
    }
    if (partition->has_uart) {
        static const char path[] = "/serial";
        char text[NAME_BYTES_MAX];
        size_t size_bytes = unit_name(text, path, sizeof(path) - 1, '@', partition->uart.ipa);
        put_value(out, NAME_OF(stdout_path), text, size_bytes);
    }
    for (uint32_t at = 0; at < partition->image_count; at++) {
        const struct image_desc *image = &partition->image[at];
        if (image->kind == IMAGE_RAMDISK) {
            put_address(out, NAME_OF(initrd_start), image->load.ipa);
            put_address(out, NAME_OF(initrd_end), image->load.ipa + image->size_bytes);
        }
    }
    close_node(out);
}

/* --- devices of the host ------------------------------------------------------------------------
 */

static const struct tree_prop *host_prop(const struct device_desc *device, const char *name)
{
    for (uint32_t at = 0; at < device->host_prop_count; at++) {
        if (strcmp(device->host_prop[at].name, name) == 0) {
            return &device->host_prop[at];
        }
    }
    return NULL;
}

/* The ranges of a device in the host node's order: the list of devices is in that of addresses. */
static const struct device_desc *device_range(const struct partition_desc *partition,
                                              const struct device_desc *device, uint32_t range)
{
    for (uint32_t at = 0; at < partition->device_count; at++) {
        const struct device_desc *other = &partition->device[at];
        if (other->node == device->node && other->range == range) {
            return other;
        }
    }
    return NULL;
}

static void put_device_reg(struct writer *out, const struct partition_desc *partition,
                           const struct device_desc *device)
{
    const struct device_desc *range;
    uint32_t count = 0;
    while (device_range(partition, device, count) != NULL) {
        count++;
    }
    put_head(out, NAME_OF(reg), count * 16U);
    for (count = 0; (range = device_range(partition, device, count)) != NULL; count++) {
        put_number(out, range->ipa.ipa);
        put_number(out, range->size_bytes);
    }
}

static void put_device_irqs(struct writer *out, const struct device_desc *device)
{
    const struct tree_prop *prop = host_prop(device, names.interrupts);
    if (prop == NULL || device->irq_count == 0) {
        return;
    }
    uint32_t tuple = prop->length / 4U / device->irq_count;
    put_head(out, NAME_OF(interrupts), device->irq_count * 12U);
    for (uint32_t at = 0; at < device->irq_count; at++) {
        put_irq(out, IRQ_SPI, device->irq[at] - SPI_FIRST_INTID,
                tree_cell(prop, at * tuple + 2) & 0xfU);
    }
}

static void put_device_clocks(struct writer *out, const struct device_desc *device, uint32_t first)
{
    const struct tree_prop *prop = host_prop(device, names.clock_names);
    if (device->clock_count == 0) {
        return;
    }
    put_head(out, NAME_OF(clocks), device->clock_count * 4U);
    for (uint32_t at = 0; at < device->clock_count; at++) {
        put_cell(out, first + at);
    }
    if (prop != NULL) {
        put_value(out, NAME_OF(clock_names), prop->cell, prop->length);
    }
}

static void put_device(struct writer *out, const struct partition_desc *partition,
                       const struct device_desc *device)
{
    const char *name = strrchr(device->host_path, '/') + 1;
    size_t length = 0;
    uint32_t first_clock = out->phandle_next;
    for (uint32_t at = 0; at < device->clock_count; at++) {
        (void)put_clock(out, device->clock_hz[at]);
    }
    while (length < NODE_NAME_MAX && name[length] != '\0' && name[length] != '@') {
        length++;
    }
    open_unit(out, name, length, '@', device->ipa.ipa);
    for (size_t at = 0; at < ARRAY_COUNT(copied); at++) {
        const struct tree_prop *prop = host_prop(device, (const char *)&names + copied[at]);
        if (prop != NULL) {
            put_value(out, copied[at], prop->cell, prop->length);
        }
    }
    put_device_reg(out, partition, device);
    put_device_irqs(out, device);
    put_device_clocks(out, device, first_clock);
    close_node(out);
}

/* --- the tree -----------------------------------------------------------------------------------
 */

static void put_root(struct writer *out, const struct platform_desc *platform,
                     const struct partition_desc *partition)
{
    open_node(out, "");
    PUT_STRINGS(out, NAME_OF(compatible), "linux,dummy-virt");
    PUT_STRINGS(out, NAME_OF(model), "Bulkhead partition");
    put_u32(out, NAME_OF(interrupt_parent), PHANDLE_GIC);
    put_space(out, 2, 2);
    put_chosen(out, partition);
    put_memory(out, partition);
    put_reserved(out, partition);
    put_cpus(out, partition);
    put_timer(out, platform, partition);
    if (CONFIG_CPU_FEATURES && (partition->features & FEATURE_PMU) != 0) {
        put_pmu(out, platform, partition);
    }
    put_gic(out, partition);
    if (partition->has_uart) {
        put_console(out, partition);
    }
    for (uint32_t at = 0; at < partition->device_count; at++) {
        if (partition->device[at].range == 0) {
            put_device(out, partition, &partition->device[at]);
        }
    }
    close_node(out);
    put_cell(out, FDT_END);
}

/* Writes a partition's tree into blob; returns its size, which is more than blob_bytes if it does
 * not fit. */
static size_t write_tree(void *blob, size_t blob_bytes, const struct platform_desc *platform,
                         const struct partition_desc *partition)
{
    struct writer out = {.at = blob, .left = blob_bytes, .phandle_next = PHANDLE_CLOCK};
    uint8_t *head = take(&out, STRUCT_OFFSET);
    put_root(&out, platform, partition);
    uint32_t strings = (uint32_t)out.wanted;
    put_bytes(&out, &names, sizeof(names));
    if (out.wanted > blob_bytes || head == NULL) {
        return out.wanted;
    }
    struct fdt_header header = {
        .magic = cpu_to_fdt32(FDT_MAGIC),
        .totalsize = cpu_to_fdt32((uint32_t)out.wanted),
        .off_dt_struct = cpu_to_fdt32(STRUCT_OFFSET),
        .off_dt_strings = cpu_to_fdt32(strings),
        .off_mem_rsvmap = cpu_to_fdt32(sizeof(header)),
        .version = cpu_to_fdt32(17),
        .last_comp_version = cpu_to_fdt32(16),
        .size_dt_strings = cpu_to_fdt32(sizeof(names)),
        .size_dt_struct = cpu_to_fdt32(strings - STRUCT_OFFSET),
    };
    memset(head, 0, STRUCT_OFFSET);
    memcpy(head, &header, sizeof(header));
    return out.wanted;
}

/* As high in the partition's RAM as it meets no image: a flat binary does not say how much memory
 * it uses above itself.  Each step goes below one image, so there are as many as images at most. */
static bool place_tree(const struct config_input *input, const struct partition_desc *partition,
                       struct image_desc *tree)
{
    const struct memory_desc *ram = partition_ram(partition);
    uint64_t top = ram->ipa.ipa + ram->size_bytes;
    for (;;) {
        const struct image_desc *met = NULL;
        if (tree->size_bytes > top - ram->ipa.ipa) {
            fault_emit(input, RULE_GUEST_TREE_ROOM, partition->node, NULL, ram->node,
                       &(struct fault_values){tree->size_bytes, ram->size_bytes});
            return false;
        }
        tree->load = ipa_of((top - tree->size_bytes) & ~(uint64_t)(TREE_ALIGN_BYTES - 1));
        for (uint32_t at = 0; at < partition->image_count && met == NULL; at++) {
            const struct image_desc *image = &partition->image[at];
            if (ranges_overlap(tree->load.ipa, tree->size_bytes, image->load.ipa,
                               image->mem_bytes)) {
                met = image;
            }
        }
        if (met == NULL) {
            return true;
        }
        top = met->load.ipa;
    }
}

static bool make_tree(const struct config_input *input, const struct platform_desc *platform,
                      struct partition_desc *partition, struct arena *arena)
{
    size_t skip = -(uintptr_t)arena->next & (TREE_ALIGN_BYTES - 1);
    size_t room = arena_left(arena) > skip ? arena_left(arena) - skip : 0;
    uint8_t *blob = arena->next + skip;
    room = room < TREE_BYTES_MAX ? room : TREE_BYTES_MAX;
    size_t size_bytes = write_tree(blob, room, platform, partition);
    if (size_bytes > room) {
        fault_emit(input, RULE_STARTUP_MEMORY, partition->node, NULL, NULL,
                   &(struct fault_values){size_bytes, room});
        return false;
    }
    arena->next = blob + size_bytes;
    struct image_desc tree = {
        .kind = IMAGE_DEVICE_TREE,
        .made = blob,
        .size_bytes = size_bytes,
        .mem_bytes = size_bytes,
        .load = partition->tree,
        .load_given = partition->tree_given,
        .node = partition->node,
    };
    if (!(tree.load_given ? image_check(input, partition, &tree)
                          : place_tree(input, partition, &tree))) {
        return false;
    }
    partition->image[partition->image_count++] = tree; /* there is room for it */
    partition->boot_arg = tree.load.ipa;
    return true;
}

bool config_make_trees(const struct config_input *input, struct module_desc *module,
                       struct arena *arena)
{
    bool right = true;
    for (uint32_t index = 0; CONFIG_GUEST_TREE && index < module->partition_count; index++) {
        struct partition_desc *partition = &module->partition[index];
        if (partition->tree_made) {
            right = make_tree(input, &module->platform, partition, arena) && right;
        }
    }
    return right;
}
