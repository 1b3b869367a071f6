// Pilotlight on an ESP32 without PSRAM. docs/memory.md has the figures behind these settings.

#define MICROPY_HW_BOARD_NAME "Pilotlight"
#define MICROPY_HW_MCU_NAME "ESP32"
#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "pilotlight"

// Python's heap has this size from the start to the end. The port's own starts with 56 KiB, doubles
// once, and then takes the largest free block of the system, up to all that Wi-Fi and TLS need. It
// is one block: the chip's largest has 113,840 bytes at start. docs/memory.md tells what is left
// of it for the product's own code.
#define MICROPY_GC_INITIAL_HEAP_SIZE (96 * 1024)

// The port can't switch the growth off, but it may be refused memory: only the first request, when
// there is no heap yet, gets some. gc.mem_free() still adds the system's largest free block, as it
// does on a stock image; gc.mem_alloc() is right.
#define MP_PLAT_ALLOC_HEAP(size) (MP_STATE_MEM(area).gc_pool_start == NULL ? malloc(size) : NULL)

// Bluetooth reserves 56,156 bytes of RAM, used or not (ESP-IDF: BTDM_RESERVE_DRAM).
// mpconfigboard.cmake leaves out its sdkconfig, too.
#define MICROPY_PY_BLUETOOTH (0)

// Nothing here answers to NAME.local or looks such names up: saves a task with its stack.
#define MICROPY_HW_ENABLE_MDNS_QUERIES (0)
#define MICROPY_HW_ENABLE_MDNS_RESPONDER (0)

// Nothing here uses it: saves flash.
#define MICROPY_PY_ESPNOW (0)

// For the partition "romfs": mounted at /rom; /rom and /rom/lib are on sys.path.
#define MICROPY_VFS_ROM (1)
