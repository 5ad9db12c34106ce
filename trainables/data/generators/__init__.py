"""Built-in data sets, made on the spot: `generate(folder, seed)` writes clips and returns their examples."""
