//! A better model arrives and nobody notices; a worse one never answers for long.

mod device;
mod killed;
mod measure;
mod rollback;
mod start;
mod trial;
