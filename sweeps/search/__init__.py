"""Who proposes, who prunes, and which trials become finalists."""
