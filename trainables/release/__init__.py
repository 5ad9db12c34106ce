"""A tuned model as files that other software runs: transformers, CTranslate2, onnxruntime."""
