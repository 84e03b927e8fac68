//! Where everything lies while a graph runs: slots, and one arena that those share whose lives do not meet.

use std::ops::Range;

use dunlin_kernels::{Aligned, Plain};

use crate::error::EngineError;

/// A piece of memory that steps read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// Every slot starts at a multiple of this: a cache line.
const ALIGNMENT: usize = 64;

/// Most bytes of arena and constants together: the limit for a run on a device.
const MAX_BYTES: usize = 1 << 30;

/// What a slot is while the plan is made.
#[derive(Clone, Debug)]
struct Planned {
    bytes: usize,
    /// The node that asked for it, for messages.
    node: String,
    /// First and last step that touches it; none for a constant.
    life: Option<(usize, usize)>,
    start: usize,
}

/// Slots while the plan is made.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    slots: Vec<Planned>,
    constants: Vec<u8>,
}

/// Where each slot lies; the constants themselves.
#[derive(Debug)]
pub(crate) struct Layout {
    slots: Vec<Located>,
    constants: Aligned,
    arena_bytes: usize,
}

#[derive(Clone, Debug)]
struct Located {
    is_constant: bool,
    range: Range<usize>,
}

impl Planner {
    /// A slot that the step numbered `step` is the first to write.
    pub(crate) fn slot(&mut self, node: &str, bytes: usize, step: usize) -> Slot {
        let life = Some((step, step));
        self.slots.push(Planned { bytes, node: node.to_owned(), life, start: 0 });
        Slot(self.slots.len() - 1)
    }

    /// A slot of constant bytes.
    pub(crate) fn constant(&mut self, bytes: &[u8]) -> Slot {
        self.constants.resize(self.constants.len().next_multiple_of(ALIGNMENT), 0);
        let start = self.constants.len();
        self.constants.extend_from_slice(bytes);
        self.slots.push(Planned { bytes: bytes.len(), node: String::new(), life: None, start });
        Slot(self.slots.len() - 1)
    }

    /// Says that the step numbered `step` touches a slot.
    pub(crate) fn touch(&mut self, slot: Slot, step: usize) {
        if let Some((_, last)) = &mut self.slots[slot.0].life {
            *last = step.max(*last);
        }
    }

    /// Gives every slot its place: the largest first, each at the lowest place where nothing alive at the time lies.
    pub(crate) fn finish(mut self) -> Result<Layout, EngineError> {
        let mut order: Vec<usize> = (0..self.slots.len()).filter(|i| self.slots[*i].life.is_some()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(self.slots[*i].bytes));
        let mut placed: Vec<usize> = Vec::with_capacity(order.len());
        let mut arena_bytes = 0;
        for i in order {
            let start = self.lowest(i, &placed);
            self.slots[i].start = start;
            let end = start.saturating_add(self.slots[i].bytes);
            if end.saturating_add(self.constants.len()) > MAX_BYTES {
                let (node, bytes) = (self.slots[i].node.clone(), end as u64);
                return Err(EngineError::TooMuchMemory { node, bytes, limit: MAX_BYTES as u64 });
            }
            arena_bytes = arena_bytes.max(end);
            // Kept sorted by place, so that one pass finds the gaps.
            let at = placed.partition_point(|other| self.slots[*other].start <= start);
            placed.insert(at, i);
        }
        let mut constants = Aligned::new(self.constants.len());
        constants.all_mut::<u8>().copy_from_slice(&self.constants);
        let locate = |s: &Planned| Located { is_constant: s.life.is_none(), range: s.start..s.start + s.bytes };
        Ok(Layout { slots: self.slots.iter().map(locate).collect(), constants, arena_bytes })
    }

    fn lowest(&self, slot: usize, placed: &[usize]) -> usize {
        let wanted = &self.slots[slot];
        let mut start = 0_usize;
        for other in placed.iter().map(|other| &self.slots[*other]) {
            if !meet(wanted, other) {
                continue;
            }
            if start.saturating_add(wanted.bytes) <= other.start {
                break;
            }
            start = start.max((other.start + other.bytes).next_multiple_of(ALIGNMENT));
        }
        start
    }
}

fn meet(a: &Planned, b: &Planned) -> bool {
    matches!((a.life, b.life), (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1)
}

impl Layout {
    /// An arena for one run.
    pub(crate) fn new_arena(&self) -> Aligned {
        Aligned::new(self.arena_bytes)
    }

    /// Bytes of an arena.
    pub(crate) fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// Bytes of constants.
    pub(crate) fn constant_bytes(&self) -> usize {
        self.constants.len()
    }

    pub(crate) fn memory<'a>(&'a self, arena: &'a mut Aligned) -> Memory<'a> {
        Memory { layout: self, arena, failure: None }
    }
}

/// The slots of one run.
pub(crate) struct Memory<'a> {
    layout: &'a Layout,
    arena: &'a mut Aligned,
    /// The first thing that went wrong; a step goes on, and the run is told at its end.
    pub(crate) failure: Option<EngineError>,
}

impl Memory<'_> {
    #[inline]
    fn located(&self, slot: Slot) -> &Located {
        &self.layout.slots[slot.0]
    }

    /// A slot to read.
    #[inline]
    pub(crate) fn read<T: Plain>(&self, slot: Slot) -> &[T] {
        let at = self.located(slot);
        if at.is_constant { self.layout.constants.view(at.range.clone()) } else { self.arena.view(at.range.clone()) }
    }

    /// A slot to write.
    #[inline]
    pub(crate) fn write<T: Plain>(&mut self, slot: Slot) -> &mut [T] {
        self.split::<T, T, 0>([], slot).1
    }

    /// Slots to read and another to write.
    #[inline]
    pub(crate) fn split<R: Plain, W: Plain, const N: usize>(
        &mut self,
        read: [Slot; N],
        write: Slot,
    ) -> ([&[R]; N], &mut [W]) {
        let layout = self.layout;
        let at = read.map(|slot| &layout.slots[slot.0]);
        let in_arena = at.map(|at| if at.is_constant { 0..0 } else { at.range.clone() });
        let (mut slices, written) = self.arena.split(in_arena, layout.slots[write.0].range.clone());
        for (slice, at) in slices.iter_mut().zip(at) {
            if at.is_constant {
                *slice = layout.constants.view(at.range.clone());
            }
        }
        (slices, written)
    }

    /// Slots to read and two others to write.
    #[inline]
    pub(crate) fn split_with<R: Plain, V: Plain, W: Plain, const N: usize>(
        &mut self,
        read: [Slot; N],
        first: Slot,
        second: Slot,
    ) -> ([&[R]; N], &mut [V], &mut [W]) {
        let slots = &self.layout.slots;
        let at = read.map(|slot| &slots[slot.0]);
        let in_arena = at.map(|at| if at.is_constant { 0..0 } else { at.range.clone() });
        let (first, second) = (slots[first.0].range.clone(), slots[second.0].range.clone());
        let (mut slices, first, second) = self.arena.split_two(in_arena, first, second);
        for (slice, at) in slices.iter_mut().zip(at) {
            if at.is_constant {
                *slice = self.layout.constants.view(at.range.clone());
            }
        }
        (slices, first, second)
    }

    /// Two slots of the arena to read, of different elements, and another to write.
    pub(crate) fn split_mixed<R: Plain, S: Plain, W: Plain>(
        &mut self,
        first: Slot,
        second: Slot,
        write: Slot,
    ) -> (&[R], &[S], &mut [W]) {
        let range = |slot: Slot| self.layout.slots[slot.0].range.clone();
        self.arena.split_mixed(range(first), range(second), range(write))
    }
}
