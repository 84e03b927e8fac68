//! Every engine that this machine can run: the reference, and the plan in each instruction set.

use dunlin_engine::{Engine, PlanEngine, ReferenceEngine};
use dunlin_kernels::Isa;

/// The plan in each instruction set of this CPU, the best last.
///
/// # Panics
/// Never: only instruction sets that this CPU has are asked for.
#[must_use]
pub fn plans() -> Vec<(Isa, PlanEngine)> {
    Isa::available().map(|isa| (isa, PlanEngine::new(isa).expect("it is available"))).collect()
}

/// All of them by name, the reference first.
#[must_use]
pub fn all() -> Vec<(String, Box<dyn Engine>)> {
    let reference: (String, Box<dyn Engine>) = ("reference".to_owned(), Box::new(ReferenceEngine));
    let plans = plans().into_iter().map(|(isa, engine)| (format!("plan {isa}"), Box::new(engine) as Box<dyn Engine>));
    std::iter::once(reference).chain(plans).collect()
}
