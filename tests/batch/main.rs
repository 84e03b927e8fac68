//! Batches: through the library, and through `dunlin batch`.

mod library;
mod measure;
mod place;
