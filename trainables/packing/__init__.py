"""Several trainings that share batches on one frozen backbone."""
