set(IDF_TARGET esp32)

# Not boards/sdkconfig.ble: see MICROPY_PY_BLUETOOTH in mpconfigboard.h.
set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${MICROPY_BOARD_DIR}/sdkconfig.board
)

# ESP-IDF looks for a partition table in the port's folder unless its path is absolute. This folder
# may be anywhere, so the path is written when the build is configured.
set(PILOTLIGHT_PARTITIONS ${CMAKE_BINARY_DIR}/sdkconfig.partitions)
file(WRITE ${PILOTLIGHT_PARTITIONS}
    "\nCONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions.csv\"\n")
list(APPEND SDKCONFIG_DEFAULTS ${PILOTLIGHT_PARTITIONS})

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
