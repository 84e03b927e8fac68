//! Walks over the elements of a result whose operands repeat along some dimensions.

use dunlin_bundle::limits::MAX_RANK;

/// The dimensions of a result with the strides of `N` operands, joined where all of them run on without a step.
#[derive(Clone, Debug)]
pub(crate) struct Broadcast<const N: usize> {
    /// The slowest-moving first; never empty.
    dims: Vec<(usize, [usize; N])>,
}

impl<const N: usize> Broadcast<N> {
    /// Strides are not negative: operands lie whole.
    pub(crate) fn new(shape: &[usize], strides: [&[isize]; N]) -> Self {
        let mut dims: Vec<(usize, [usize; N])> = Vec::new();
        for (d, size) in shape.iter().enumerate().filter(|(_, size)| **size != 1) {
            let own = strides.map(|strides| strides[d].unsigned_abs());
            match dims.last_mut() {
                Some((outer, steps)) if (0..N).all(|i| steps[i] == own[i] * size) => {
                    *outer *= size;
                    *steps = own;
                }
                _ => dims.push((*size, own)),
            }
        }
        if dims.is_empty() {
            dims.push((1, [1; N]));
        }
        Self { dims }
    }

    /// Elements of a run.
    pub(crate) fn inner(&self) -> usize {
        self.dims.last().map_or(0, |(size, _)| *size)
    }

    /// Calls for every run with its place in the result, the place of its first element in each operand, and the step of
    /// each operand within it.
    pub(crate) fn runs(&self, mut call: impl FnMut(usize, [usize; N], [usize; N])) {
        let Some(((inner, steps), outer)) = self.dims.split_last() else { return };
        if self.dims.iter().any(|(size, _)| *size == 0) {
            return;
        }
        let mut index = [0_usize; MAX_RANK];
        let (mut place, mut at) = (0, [0_usize; N]);
        loop {
            call(place, at, *steps);
            place += inner;
            let mut d = outer.len();
            loop {
                if d == 0 {
                    return;
                }
                d -= 1;
                let (size, strides) = outer[d];
                index[d] += 1;
                (0..N).for_each(|i| at[i] += strides[i]);
                if index[d] < size {
                    break;
                }
                index[d] = 0;
                (0..N).for_each(|i| at[i] -= size * strides[i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_repeats_is_walked_line_by_line() {
        let over = Broadcast::new(&[2, 3, 4], [&[12, 4, 1], &[0, 0, 1]]);
        let mut seen = Vec::new();
        over.runs(|place, at, steps| seen.push((place, at, steps)));
        assert_eq!(over.inner(), 4);
        assert_eq!(seen[1], (4, [4, 0], [1, 1]));
        assert_eq!((seen.len(), seen[5]), (6, (20, [20, 0], [1, 1])));
    }

    #[test]
    fn operands_without_repetition_are_one_run() {
        let over = Broadcast::new(&[2, 3, 4], [&[12, 4, 1], &[12, 4, 1]]);
        assert_eq!(over.inner(), 24);
    }
}
