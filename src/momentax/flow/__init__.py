"""A conditional normalizing flow as importance sampler of the ttbar integral, beside the batched VEGAS."""
