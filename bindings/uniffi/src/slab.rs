//! Values behind numbers that foreign code may hold: a number that was given back never names another value.

/// Values, each behind a handle of generation and position.
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// First generation of a slot, so that no handle is 0: what an uninitialised field holds.
const FIRST: u32 = 1;
/// A slot that reaches it is not used again: a handle is then still positive in the signed 64 bits of the JVM.
const LAST: u32 = i32::MAX as u32;

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// Keeps a value and names it; `None` when four thousand million are kept already.
    pub(crate) fn insert(&mut self, value: T) -> Option<u64> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot { generation: FIRST, value: None });
                index
            }
        };
        let slot = self.slots.get_mut(index as usize)?;
        slot.value = Some(value);
        Some(handle(slot.generation, index))
    }

    /// The value of a handle, unless it was removed.
    pub(crate) fn get(&self, handle: u64) -> Option<&T> {
        let (generation, index) = parts(handle);
        let slot = self.slots.get(index as usize)?;
        slot.value.as_ref().filter(|_| slot.generation == generation)
    }

    /// Takes a value out; its handle names nothing from now on.
    pub(crate) fn remove(&mut self, handle: u64) -> Option<T> {
        let (generation, index) = parts(handle);
        let slot = self.slots.get_mut(index as usize).filter(|slot| slot.generation == generation)?;
        let value = slot.value.take()?;
        if slot.generation < LAST {
            slot.generation += 1;
            self.free.push(index);
        }
        Some(value)
    }
}

fn handle(generation: u32, index: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(index)
}

fn parts(handle: u64) -> (u32, u32) {
    // Both halves are 32 bits wide.
    ((handle >> 32) as u32, handle as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert,
        /// Of the handles ever given out, by position.
        Remove(prop::sample::Index),
        /// A handle that nobody gave out.
        Guess(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Insert),
            any::<prop::sample::Index>().prop_map(Step::Remove),
            prop_oneof![any::<u64>(), (0..4_u64, 0..8_u64).prop_map(|(g, i)| g << 32 | i)].prop_map(Step::Guess),
        ]
    }

    proptest! {
        #[test]
        fn a_handle_names_its_own_value_until_it_is_removed_and_nothing_ever_after(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            // The model: a map that never forgets which numbers were given out.
            let (mut slab, mut kept, mut given) = (Slab::new(), BTreeMap::new(), Vec::new());
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert => {
                        let handle = slab.insert(n).unwrap();
                        prop_assert!(!given.contains(&handle) && handle > 0 && i64::try_from(handle).is_ok());
                        kept.insert(handle, n);
                        given.push(handle);
                    }
                    Step::Remove(of) if !given.is_empty() => {
                        let handle = *of.get(&given);
                        prop_assert_eq!(slab.remove(handle), kept.remove(&handle));
                    }
                    Step::Remove(_) => {}
                    Step::Guess(handle) => prop_assert_eq!(slab.get(handle), kept.get(&handle)),
                }
                for handle in &given {
                    prop_assert_eq!(slab.get(*handle), kept.get(handle));
                }
            }
        }
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_left_alone() {
        let mut slab = Slab { slots: vec![Slot { generation: LAST, value: None }], free: vec![0] };
        let last = slab.insert("last").unwrap();
        assert_eq!((last, slab.remove(last)), (handle(LAST, 0), Some("last")));
        let next = slab.insert("next").unwrap();
        assert_eq!(parts(next), (FIRST, 1), "its own slot, not the worn one");
        assert_eq!(slab.get(last), None);
        assert_eq!(slab.remove(last), None);
    }
}
