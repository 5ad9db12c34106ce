"""How decoded sound is kept for training: `data.store` of a sweep file. The samples are the same in every way."""

INT16 = "int16"  # 16 bits where that is the same sound exactly, else float32
FLOAT32 = "float32"  # all of it
LAZY = "lazy"  # nothing: clips are decoded whenever they are heard
STORES = (INT16, FLOAT32, LAZY)
