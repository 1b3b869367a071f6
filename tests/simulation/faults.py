"""All that goes wrong in a World: of any device, and of one that is paired."""

from tests.simulation import device_faults, link_faults, service_faults, token_faults

FAULTS = link_faults.FAULTS + service_faults.FAULTS + device_faults.FAULTS
TOKEN_FAULTS = token_faults.FAULTS
