"""One training after another on a frozen backbone: adapters, batches, epochs, and what a run resumes from."""
