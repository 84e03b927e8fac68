//! Sound graphs with a few things changed at random: still an answer or a typed error.

use dunlin_bundle::Contents;
use dunlin_bundle::graph::{Attribute, Dim};
use dunlin_tests::fixture::full_parts;
use dunlin_tests::random_graph::{RandomGraph, exercise};
use proptest::prelude::*;

/// One change; the numbers choose where.
#[derive(Clone, Debug)]
enum Change {
    Op(usize, usize),
    DropInput(usize),
    SwapInputs(usize, usize),
    RenameOutput(usize, usize),
    DropNode(usize),
    RepeatNode(usize),
    Attribute(usize, usize, i64),
    Dim(usize, usize),
    DropInitializer(usize),
    Opset(u32),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..64_usize;
    let whole = prop_oneof![-3..5_i64, Just(i64::MAX), Just(i64::MIN), Just(1 << 33)];
    let size = prop_oneof![0..9_usize, Just(usize::MAX), Just(1 << 28)];
    prop_oneof![
        (at.clone(), at.clone()).prop_map(|(a, b)| Change::Op(a, b)),
        at.clone().prop_map(Change::DropInput),
        (at.clone(), at.clone()).prop_map(|(a, b)| Change::SwapInputs(a, b)),
        (at.clone(), at.clone()).prop_map(|(a, b)| Change::RenameOutput(a, b)),
        at.clone().prop_map(Change::DropNode),
        at.clone().prop_map(Change::RepeatNode),
        (at.clone(), at.clone(), whole).prop_map(|(a, b, c)| Change::Attribute(a, b, c)),
        (at.clone(), size).prop_map(|(a, b)| Change::Dim(a, b)),
        at.prop_map(Change::DropInitializer),
        (0..30_u32).prop_map(Change::Opset),
    ]
}

fn apply(random: &mut RandomGraph, change: &Change) {
    let graph = &mut random.graph;
    let count = graph.nodes.len();
    if count == 0 {
        return;
    }
    match *change {
        Change::Op(to, from) => graph.nodes[to % count].op_type = graph.nodes[from % count].op_type.clone(),
        Change::DropInput(at) => drop(graph.nodes[at % count].inputs.pop()),
        Change::SwapInputs(a, b) => {
            let inputs = graph.nodes[a % count].inputs.clone();
            graph.nodes[a % count].inputs = std::mem::replace(&mut graph.nodes[b % count].inputs, inputs);
        }
        Change::RenameOutput(to, from) => graph.nodes[to % count].outputs = graph.nodes[from % count].outputs.clone(),
        Change::DropNode(at) => drop(graph.nodes.remove(at % count)),
        Change::RepeatNode(at) => graph.nodes.push(graph.nodes[at % count].clone()),
        Change::Attribute(at, which, value) => {
            let names = ["group", "strides", "pads", "axis", "transB", "kernel_shape", "perm", "alpha", "dilations"];
            let attribute = match graph.nodes[at % count].attributes.get(names[which % names.len()]) {
                Some(Attribute::Ints(values)) => Attribute::Ints(vec![value; values.len()]),
                _ => Attribute::Int(value),
            };
            graph.nodes[at % count].attributes.insert(names[which % names.len()].to_owned(), attribute);
        }
        Change::Dim(at, size) => {
            let dims = graph.inputs.iter_mut().chain(&mut graph.outputs).flat_map(|info| &mut info.shape);
            let mut dims: Vec<&mut Dim> = dims.collect();
            let at = at % dims.len();
            *dims[at] = Dim::Size(size);
        }
        Change::DropInitializer(at) => {
            if !graph.initializers.is_empty() {
                graph.initializers.remove(at % graph.initializers.len());
            }
        }
        Change::Opset(opset) => graph.opset = opset,
    }
}

fn sound() -> Vec<RandomGraph> {
    let file = |name: &str| std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name));
    let bundles =
        [full_parts().write().unwrap(), file("digits-f32.dunlin").unwrap(), file("digits-q8_0.dunlin").unwrap()];
    bundles
        .map(|bytes| Contents::read_unsigned(bytes).unwrap())
        .map(|contents| RandomGraph { graph: contents.graph().clone(), weights: contents.weights().clone() })
        .into()
}

#[test]
fn the_graphs_to_be_changed_are_sound() {
    for mut graph in sound() {
        assert!(exercise(&mut graph));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_changed_graph_runs_or_is_refused(which in 0..3_usize, changes in prop::collection::vec(change(), 1..4)) {
        let mut graph = sound().swap_remove(which);
        for change in &changes {
            apply(&mut graph, change);
        }
        exercise(&mut graph);
    }
}
