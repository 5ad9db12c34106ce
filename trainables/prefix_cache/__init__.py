"""What the frozen layers below the lowest adapter give for a clip, computed once."""
