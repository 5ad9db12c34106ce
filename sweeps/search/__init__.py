"""The sampler, the pruner, and the choice of finalists."""
