"""Statistical tests, one file each; they know no sweep."""
