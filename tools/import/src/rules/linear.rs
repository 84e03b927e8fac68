//! Matrix products.

use super::{Ask, broadcast, one};
use crate::facts::{Extent, Fact, Fault, describe};

/// Y = alpha * A * B + beta * C, A and B transposed where `transA` and `transB` say so.
pub(super) fn gemm(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (a, b) = (ask.fact(0)?, ask.fact(1)?);
    let ([a0, a1], [b0, b1]) = (a.shape.as_slice(), b.shape.as_slice()) else {
        let shapes = format!("A {} and B {}", describe(&a.shape), describe(&b.shape));
        return Err(Fault::Wrong(format!("{shapes} must be matrices")));
    };
    let (m, ka) = if ask.node.int("transA", 0) == 0 { (*a0, *a1) } else { (*a1, *a0) };
    let (kb, n) = if ask.node.int("transB", 0) == 0 { (*b0, *b1) } else { (*b1, *b0) };
    let shape = multiply((m, ka), (kb, n))?;
    if let Some(c) = ask.maybe(2)
        && broadcast(&c.shape, &shape)? != shape
    {
        return Err(Fault::Wrong(format!("C {} cannot be stretched to {}", describe(&c.shape), describe(&shape))));
    }
    one(a.dtype, shape)
}

/// Y = A * B over the last two dimensions, the others broadcast; a vector is a matrix of one row or column.
pub(super) fn matmul(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (a, b) = (ask.fact(0)?, ask.fact(1)?);
    let wrong = || Fault::Wrong("its operands must have at least one dimension".to_owned());
    let one_row = |shape: &[Extent]| [vec![Extent::Size(1)], shape.to_vec()].concat();
    let (matrix_a, matrix_b) = match (a.shape.len(), b.shape.len()) {
        (0, _) | (_, 0) => return Err(wrong()),
        (1, 1) => (one_row(&a.shape), vec![b.shape[0], Extent::Size(1)]),
        (1, _) => (one_row(&a.shape), b.shape.clone()),
        (_, 1) => (a.shape.clone(), vec![b.shape[0], Extent::Size(1)]),
        _ => (a.shape.clone(), b.shape.clone()),
    };
    let ([stack_a @ .., m, ka], [stack_b @ .., kb, n]) = (matrix_a.as_slice(), matrix_b.as_slice()) else {
        return Err(wrong());
    };
    let stack = broadcast(stack_a, stack_b)?;
    let product = multiply((*m, *ka), (*kb, *n))?;
    let mut shape = stack;
    if a.shape.len() > 1 {
        shape.push(product[0]);
    }
    if b.shape.len() > 1 {
        shape.push(product[1]);
    }
    let batches = shape.iter().filter(|extent| matches!(extent, Extent::Rows(_))).count();
    if batches > 1 {
        return Err(Fault::Mixes("it multiplies each row with each".to_owned()));
    }
    one(a.dtype, shape)
}

fn multiply(a: (Extent, Extent), b: (Extent, Extent)) -> Result<Vec<Extent>, Fault> {
    let ((m, ka), (kb, n)) = (a, b);
    match (ka, kb) {
        (Extent::Size(ka), Extent::Size(kb)) if ka == kb => {}
        (Extent::Size(_), Extent::Size(_)) => {
            let (a, b) = (describe(&[m, ka]), describe(&[kb, n]));
            return Err(Fault::Wrong(format!("the inner sizes of {a} and {b} differ")));
        }
        _ => return Err(Fault::Mixes("it adds up over the batch".to_owned())),
    }
    match (m, n) {
        (Extent::Rows(_), Extent::Rows(_)) => Err(Fault::Mixes("it multiplies each row with each".to_owned())),
        _ => Ok(vec![m, n]),
    }
}
