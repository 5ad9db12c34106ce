"""Results that live in a bucket: a local folder that is written first, and a copy of it behind a URI."""
