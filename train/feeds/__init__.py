"""From a split to chunks on the device: sampling order, batches, memory, streaming."""
