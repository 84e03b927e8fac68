//! The channel's documents as a device meets them: what it takes, what it refuses and says, and what it fetches.

mod channels;
mod devices;
mod hostile;
mod oracle;
mod parts;
mod rollouts;
mod roots;
mod rotation;
mod world;
