//! Ops that make each element of one, two or three elements.

use dunlin_bundle::tensor::DType;

use super::{Ask, broadcast, one};
use crate::facts::{Entry, Extent, Fact, Fault, describe};
use crate::parse::held_as;

/// One operand; Clip's bounds are scalars beside it.
pub(super) fn unary(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    for position in 1..ask.inputs.len() {
        if ask.maybe(position).is_some_and(|bound| bound.shape.iter().any(|extent| *extent != Extent::Size(1))) {
            return Err(Fault::Wrong("its bounds must be scalars".to_owned()));
        }
    }
    let x = ask.fact(0)?;
    let known = match (ask.node.op.as_str(), &x.known) {
        ("Not", Some(entries)) => entries.iter().map(|entry| entry.int().map(|v| Entry::Int(1 - v))).collect(),
        ("Neg", Some(entries)) => {
            let negated = entries.iter().map(|entry| entry.int()?.checked_neg().map(Entry::Int));
            negated.collect()
        }
        _ => None,
    };
    Ok(vec![Fact::new(x.dtype, x.shape.clone()).with_known(known)])
}

/// Two operands of one type.
pub(super) fn arithmetic(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (a, b) = same_type(ask)?;
    let shape = broadcast(&a.shape, &b.shape)?;
    let op = ask.node.op.as_str();
    let known = if a.dtype == DType::F32 { None } else { pairs(a, b, |x, y| calculate(op, x, y)) };
    Ok(vec![Fact::new(a.dtype, shape).with_known(known)])
}

/// Two operands of one type, booleans out.
pub(super) fn comparison(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (a, b) = same_type(ask)?;
    let shape = broadcast(&a.shape, &b.shape)?;
    let op = ask.node.op.as_str();
    let known = pairs(a, b, |x, y| compare(op, x, y).map(|truth| Entry::Int(truth.into())));
    Ok(vec![Fact::new(DType::Bool, shape).with_known(known)])
}

fn same_type<'a>(ask: &'a Ask<'_>) -> Result<(&'a Fact, &'a Fact), Fault> {
    let (a, b) = (ask.fact(0)?, ask.fact(1)?);
    // Pow's exponent may be of another type.
    if a.dtype != b.dtype && ask.node.op != "Pow" {
        return Err(Fault::Wrong(format!("its operands are {:?} and {:?}; cast one of them", a.dtype, b.dtype)));
    }
    Ok((a, b))
}

/// Condition, and what is taken where it is true and where not.
pub(super) fn choose(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (condition, a, b) = (ask.fact(0)?, ask.fact(1)?, ask.fact(2)?);
    if condition.dtype != DType::Bool || a.dtype != b.dtype {
        return Err(Fault::Wrong("it must choose by booleans between two values of one type".to_owned()));
    }
    let shape = broadcast(&broadcast(&condition.shape, &a.shape)?, &b.shape)?;
    let known = match (&condition.known, &a.known, &b.known) {
        (Some(c), Some(a), Some(b)) => {
            let length = c.len().max(a.len()).max(b.len());
            let at = |entries: &[Entry], i: usize| entries.get(if entries.len() == 1 { 0 } else { i }).copied();
            let pick = |i| if at(c, i)? == Entry::Int(0) { at(b, i) } else { at(a, i) };
            (0..length).map(pick).collect()
        }
        _ => None,
    };
    Ok(vec![Fact::new(a.dtype, shape).with_known(known)])
}

/// The slope is stretched to the operand, never the other way round.
pub(super) fn prelu(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let (x, slope) = (ask.fact(0)?, ask.fact(1)?);
    if broadcast(&x.shape, &slope.shape)? != x.shape {
        let (x, slope) = (describe(&x.shape), describe(&slope.shape));
        return Err(Fault::Wrong(format!("its slope {slope} cannot be stretched to {x}")));
    }
    one(x.dtype, x.shape.clone())
}

pub(super) fn cast(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let to = ask.node.int("to", 0);
    let dtype = held_as(to).ok_or_else(|| Fault::Wrong(format!("it casts to a type that is not supported ({to})")))?;
    let whole = matches!(dtype, DType::I32 | DType::I64) && x.dtype != DType::F32;
    let known = if whole { x.known.clone() } else { None };
    Ok(vec![Fact::new(dtype, x.shape.clone()).with_known(known)])
}

/// Entry by entry, one of the operands perhaps a single one.
fn pairs(a: &Fact, b: &Fact, calculate: impl Fn(Entry, Entry) -> Option<Entry>) -> Option<Vec<Entry>> {
    let (a, b) = (a.known.as_ref()?, b.known.as_ref()?);
    let at = |entries: &[Entry], i: usize| entries.get(if entries.len() == 1 { 0 } else { i }).copied();
    (0..a.len().max(b.len())).map(|i| calculate(at(a, i)?, at(b, i)?)).collect()
}

fn calculate(op: &str, a: Entry, b: Entry) -> Option<Entry> {
    use Entry::{Int, Rows};
    Some(match (op, a, b) {
        ("Add", Int(a), Int(b)) => Int(a.checked_add(b)?),
        ("Add", Rows(a), Rows(b)) => Rows(a.checked_add(b)?),
        ("Sub", Int(a), Int(b)) => Int(a.checked_sub(b)?),
        ("Mul", Int(a), Int(b)) => Int(a.checked_mul(b)?),
        ("Mul", Rows(a), Int(b)) | ("Mul", Int(b), Rows(a)) if b > 0 => Rows(a.checked_mul(b)?),
        ("Div", Int(a), Int(b)) => Int(a.checked_div(b)?),
        ("Div", Rows(a), Int(b)) if b > 0 && a % b == 0 => Rows(a / b),
        ("Div", Rows(a), Rows(b)) if a % b == 0 => Int(a / b),
        ("Min", Int(a), Int(b)) => Int(a.min(b)),
        ("Max", Int(a), Int(b)) => Int(a.max(b)),
        _ => return None,
    })
}

/// A number of rows is at least one, which settles comparisons with what is below.
fn compare(op: &str, a: Entry, b: Entry) -> Option<bool> {
    use Entry::{Int, Rows};
    Some(match (op, a, b) {
        ("Equal", Int(a), Int(b)) => a == b,
        ("Equal", Rows(_), Int(b)) | ("Equal", Int(b), Rows(_)) if b < 1 => false,
        ("Equal", Rows(a), Rows(b)) => a == b,
        ("Greater", Int(a), Int(b)) => a > b,
        ("Greater", Rows(_), Int(b)) if b < 1 => true,
        ("GreaterOrEqual", Int(a), Int(b)) => a >= b,
        ("LessOrEqual", Int(a), Int(b)) => a <= b,
        ("Less", Int(a), Int(b)) => a < b,
        ("Less", Int(a), Rows(_)) if a < 1 => true,
        ("And", Int(a), Int(b)) => a != 0 && b != 0,
        ("Or", Int(a), Int(b)) => a != 0 || b != 0,
        _ => return None,
    })
}
