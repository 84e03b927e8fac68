//! Handles that name a place and a generation: one that is closed, or was never given out, finds nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::failure::Failure;

/// Things of one kind, by handle.
pub(crate) struct Slab<T> {
    /// What they are called in messages.
    what: &'static str,
    /// Told apart from the handles of other slabs by their lowest byte.
    kind: u8,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    slots: Vec<Slot<T>>,
    /// Empty slots that may be used again.
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

/// Places that 24 bits can name.
const MAX_SLOTS: usize = 1 << 24;

impl<T> Slab<T> {
    pub(crate) const fn new(what: &'static str, kind: u8) -> Self {
        Self { what, kind, inner: Mutex::new(Inner { slots: Vec::new(), free: Vec::new() }) }
    }

    /// Keeps a value and names it. The name is never 0, and never comes back.
    pub(crate) fn insert(&self, value: T) -> Result<u64, Failure> {
        let mut inner = self.inner();
        let index = match inner.free.pop() {
            Some(index) => index,
            None if inner.slots.len() < MAX_SLOTS => {
                inner.slots.push(Slot { generation: 1, value: None });
                // Below MAX_SLOTS, which fits.
                (inner.slots.len() - 1) as u32
            }
            None => return Err(Failure::too_many(self.what)),
        };
        let slot = &mut inner.slots[index as usize];
        slot.value = Some(Arc::new(value));
        Ok(u64::from(slot.generation) << 32 | u64::from(index) << 8 | u64::from(self.kind))
    }

    /// What a handle names, for as long as the call takes.
    pub(crate) fn get(&self, handle: u64) -> Result<Arc<T>, Failure> {
        let mut inner = self.inner();
        self.slot(&mut inner, handle)?.value.clone().ok_or_else(|| Failure::closed(self.what))
    }

    /// Whether a handle names something.
    pub(crate) fn holds(&self, handle: u64) -> bool {
        self.slot(&mut self.inner(), handle).is_ok_and(|slot| slot.value.is_some())
    }

    /// Takes out what a handle names, unless another thread is in a call with it, or `may_go` says no.
    pub(crate) fn take(&self, handle: u64, may_go: impl FnOnce(&mut T) -> Result<(), Failure>) -> Result<T, Failure> {
        let mut inner = self.inner();
        let slot = self.slot(&mut inner, handle)?;
        let value = slot.value.as_mut().ok_or_else(|| Failure::closed(self.what))?;
        may_go(Arc::get_mut(value).ok_or_else(|| Failure::busy(self.what))?)?;
        let value = slot.value.take().and_then(Arc::into_inner).ok_or_else(|| Failure::busy(self.what))?;
        // A place whose generations are used up is not used again.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            inner.free.push((handle >> 8) as u32 & (MAX_SLOTS as u32 - 1));
        }
        Ok(value)
    }

    fn slot<'a>(&self, inner: &'a mut Inner<T>, handle: u64) -> Result<&'a mut Slot<T>, Failure> {
        let (generation, index) = ((handle >> 32) as u32, (handle >> 8) as usize & (MAX_SLOTS - 1));
        let slot = inner.slots.get_mut(index).filter(|slot| slot.generation == generation);
        slot.filter(|_| handle as u8 == self.kind).ok_or_else(|| Failure::closed(self.what))
    }

    /// Nothing in here panics half-way through a change.
    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Uses a thing that serves one caller at a time: whoever comes second is told so, and does not wait.
pub(crate) fn alone<T, R>(
    what: &'static str,
    thing: &Mutex<T>,
    call: impl FnOnce(&mut T) -> Result<R, Failure>,
) -> Result<R, Failure> {
    match thing.try_lock() {
        Ok(mut thing) => call(&mut thing),
        Err(TryLockError::WouldBlock) => Err(Failure::busy(what)),
        Err(TryLockError::Poisoned(_)) => Err(Failure::broken(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::status::Status;

    fn status<T>(result: Result<T, Failure>) -> Option<Status> {
        result.err().map(|failure| failure.status)
    }

    #[test]
    fn a_handle_finds_its_value_until_it_is_taken_and_never_again() {
        let slab = Slab::new("thing", 1);
        let first = slab.insert("a").unwrap();
        assert_eq!(*slab.get(first).unwrap(), "a");
        assert!(slab.holds(first));
        assert_eq!(slab.take(first, |_| Ok(())).unwrap(), "a");
        assert!(!slab.holds(first));
        let second = slab.insert("b").unwrap();
        assert_ne!(first, second);
        assert_eq!(status(slab.get(first)), Some(Status::Closed));
        assert_eq!(status(slab.take(first, |_| Ok(()))), Some(Status::Closed));
        assert_eq!(*slab.get(second).unwrap(), "b");
    }

    #[test]
    fn numbers_that_were_never_given_out_find_nothing() {
        let (slab, other) = (Slab::new("thing", 1), Slab::new("other", 2));
        let (handle, foreign) = (slab.insert(()).unwrap(), other.insert(()).unwrap());
        for number in [0, 1, foreign, handle + 1, handle + (1 << 8), handle + (1 << 32), handle ^ (1 << 63), u64::MAX] {
            assert_eq!(status(slab.get(number)), Some(Status::Closed), "{number:#x}");
        }
    }

    #[test]
    fn what_is_in_use_or_may_not_go_stays() {
        let slab = Slab::new("thing", 1);
        let handle = slab.insert(7).unwrap();
        let in_use = slab.get(handle).unwrap();
        assert_eq!(status(slab.take(handle, |_| Ok(()))), Some(Status::Busy));
        drop(in_use);
        assert_eq!(status(slab.take(handle, |_| Err(Failure::busy("part")))), Some(Status::Busy));
        assert_eq!(slab.take(handle, |_| Ok(())).unwrap(), 7);
    }

    #[test]
    fn a_second_caller_is_told_to_come_back_and_a_panic_closes_the_thing_for_good() {
        let thing = Mutex::new(7);
        let second = alone("thing", &thing, |_| Ok(status(alone("thing", &thing, |_| Ok(())))));
        assert_eq!(second, Ok(Some(Status::Busy)));
        assert_eq!(alone("thing", &thing, |thing| Ok(*thing)), Ok(7));
        let panicked =
            std::thread::scope(|s| s.spawn(|| alone("thing", &thing, |_| -> Result<(), _> { panic!() })).join());
        assert!(panicked.is_err());
        assert_eq!(alone("thing", &thing, |_| Ok(())).map_err(|failure| failure.code), Err("broken".into()));
    }

    #[test]
    fn a_place_whose_generations_are_used_up_is_not_used_again() {
        let slab = Slab::new("thing", 1);
        let handle = slab.insert(7).unwrap();
        slab.inner().slots[0].generation = u32::MAX;
        let last = u64::from(u32::MAX) << 32 | handle & u64::from(u32::MAX);
        slab.take(last, |_| Ok(())).unwrap();
        assert_eq!(slab.insert(8).unwrap() >> 8 & 0xff_ffff, 1);
        assert_eq!(status(slab.get(last)), Some(Status::Closed));
    }
}
