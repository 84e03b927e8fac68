//! Ops that move elements without changing them: `Flatten`, `Reshape`, `Transpose`, `Concat`.

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;
use dunlin_bundle::limits::MAX_RANK;

use super::super::constants::Constant;
use super::{Built, Constants, Op, all_inputs, axis};

enum Rearrange {
    Flatten {
        axis: i64,
    },
    /// ONNX's target: 0 keeps a dimension, -1 takes what is left.
    Reshape {
        target: Vec<i64>,
    },
    Transpose {
        permutation: Vec<i64>,
    },
}

/// Reads Flatten, Reshape (whose target is an initializer) or Transpose.
pub(super) fn build(node: &Node, constants: &Constants) -> Result<Built, String> {
    match node.op_type.as_str() {
        "Flatten" => all_inputs(node, Rearrange::Flatten { axis: node.int("axis", 1) }, 1..=1),
        "Transpose" => all_inputs(node, Rearrange::Transpose { permutation: node.ints("perm").to_vec() }, 1..=1),
        _ => {
            let [input, shape] = node.inputs.as_slice() else { return Err("takes two inputs".to_owned()) };
            if node.int("allowzero", 0) != 0 {
                return Err("allowzero is not supported: no dimension may be zero".to_owned());
            }
            let Some(Constant::Integers(target)) = constants.get(shape) else {
                return Err(format!("the target shape '{shape}' must be an I64 initializer"));
            };
            if target.len() > MAX_RANK || target.iter().filter(|dim| **dim == -1).count() > 1 {
                return Err(format!("the target shape may have {MAX_RANK} dimensions, and one of them -1"));
            }
            let op = Rearrange::Reshape { target: target.clone() };
            Ok(Built { op: Box::new(op), inputs: vec![input.clone()] })
        }
    }
}

impl Rearrange {
    fn target(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match self {
            Self::Flatten { axis: at } => {
                let at = if *at == input.len() as i64 { input.len() } else { axis(*at, input.len())? };
                let (outer, inner) = input.split_at(at);
                Ok(vec![product(outer)?, product(inner)?])
            }
            Self::Reshape { target } => resolve(target, input),
            Self::Transpose { .. } => Ok(self.permutation(input.len())?.iter().map(|d| input[*d]).collect()),
        }
    }

    fn permutation(&self, rank: usize) -> Result<Vec<usize>, String> {
        let Self::Transpose { permutation } = self else { return Ok((0..rank).collect()) };
        if permutation.is_empty() {
            return Ok((0..rank).rev().collect());
        }
        let dims = permutation.iter().map(|d| axis(*d, rank)).collect::<Result<Vec<_>, _>>()?;
        let each_once = dims.len() == rank && (0..rank).all(|d| dims.contains(&d));
        each_once
            .then_some(dims)
            .ok_or_else(|| format!("perm {permutation:?} is not a permutation of {rank} dimensions"))
    }
}

fn product(dims: &[usize]) -> Result<usize, String> {
    dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d)).ok_or_else(|| "the shape overflows".to_owned())
}

fn resolve(target: &[i64], input: &[usize]) -> Result<Vec<usize>, String> {
    let wrong = || format!("cannot reshape {input:?} to {target:?}");
    let mut shape = Vec::with_capacity(target.len());
    for (i, dim) in target.iter().enumerate() {
        shape.push(match *dim {
            0 => *input.get(i).ok_or_else(wrong)?,
            -1 => 1,
            d => usize::try_from(d).map_err(|_| wrong())?,
        });
    }
    let (total, known) = (product(input)?, product(&shape)?);
    match target.iter().position(|d| *d == -1) {
        Some(open) if known > 0 && total.is_multiple_of(known) => shape[open] = total / known,
        None if known == total => {}
        _ => return Err(wrong()),
    }
    Ok(shape)
}

impl Op for Rearrange {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        self.target(inputs[0])
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let dims = inputs[0].dims();
        match self {
            Self::Transpose { .. } => {
                let permutation = self.permutation(dims.len()).map_err(candle_core::Error::Msg)?;
                inputs[0].permute(permutation)?.contiguous()
            }
            _ => inputs[0].reshape(self.target(dims).map_err(candle_core::Error::Msg)?),
        }
    }
}

struct Concat {
    axis: i64,
}

/// Reads a Concat node.
pub(super) fn build_concat(node: &Node, _constants: &Constants) -> Result<Built, String> {
    if !node.attributes.contains_key("axis") {
        return Err("attribute 'axis' is missing".to_owned());
    }
    all_inputs(node, Concat { axis: node.int("axis", 0) }, 1..=1024)
}

impl Op for Concat {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let at = axis(self.axis, inputs[0].len())?;
        let mut shape = inputs[0].to_vec();
        shape[at] = 0;
        for input in inputs {
            let same = input.len() == shape.len() && (0..shape.len()).all(|d| d == at || input[d] == shape[d]);
            if !same {
                return Err(format!("{input:?} cannot be joined to {:?} along dimension {at}", inputs[0]));
            }
            shape[at] = shape[at].checked_add(input[at]).ok_or("the shape overflows")?;
        }
        Ok(shape)
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let at = axis(self.axis, inputs[0].rank()).map_err(candle_core::Error::Msg)?;
        // Parts without elements add nothing, and one part always has some.
        let parts: Vec<&Tensor> = inputs.iter().copied().filter(|part| part.elem_count() > 0).collect();
        Tensor::cat(&parts, at)
    }
}
