//! The cloud fallback stub: takes in summaries, answers inference requests, hands out bundles.

#![forbid(unsafe_code)]
