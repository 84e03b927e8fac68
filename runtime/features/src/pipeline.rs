//! The fitted transforms of a model: from a checked input to the tensors that its graph takes.

use dunlin_bundle::schema::{Feature, FeatureType, Schema};
use dunlin_bundle::tensor::{Tensor, element_count};
use dunlin_bundle::transform_spec::{ColumnSpec, InputSpec, TransformSpec, TransformsSpec};

use crate::check::{Input, RecordSchema};
use crate::elements::add_floats;
use crate::error::TransformError;
use crate::record::Record;
use crate::transforms::{Cell, KNOWN, Kind, Known, Transform};
use crate::value::Value;

/// What the transforms made of one record: a tensor for each input of the graph, in its order, batch 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features(Vec<Tensor>);

impl Features {
    /// One tensor for each input of the graph.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.0
    }
}

/// Compiled transforms.
#[derive(Debug)]
pub struct Transforms {
    inputs: Vec<CompiledInput>,
    spec: TransformsSpec,
}

#[derive(Debug)]
struct CompiledInput {
    /// With the batch dimension, 1, in front.
    shape: Vec<usize>,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    feature: String,
    position: usize,
    chain: Vec<Box<dyn Transform>>,
}

impl Transforms {
    /// Reads fitted transforms and proves that they fit each other, the schema, and the shapes that they fill.
    ///
    /// # Errors
    /// [`TransformError`] naming the feature and the transform, or the input whose shape is not filled.
    pub fn compile(schema: &Schema, spec: &TransformsSpec) -> Result<Self, TransformError> {
        let inputs = spec.inputs.iter().map(|input| compile_input(schema, input)).collect::<Result<_, _>>()?;
        Ok(Self { inputs, spec: spec.clone() })
    }

    /// Fits transforms on a sample: parameters that the specification leaves open are found in it, each transform on
    /// what the one before it makes. Parameters that are set stay.
    ///
    /// # Errors
    /// [`TransformError`] when a record is refused, the sample is empty, or a parameter is wrong.
    pub fn fit(
        schema: &RecordSchema,
        unfitted: &TransformsSpec,
        sample: &[Record<'_>],
    ) -> Result<Self, TransformError> {
        let checked = sample
            .iter()
            .enumerate()
            .map(|(index, record)| schema.check(record).map_err(|error| TransformError::BadSample { index, error }));
        let checked: Vec<Input<'_>> = checked.collect::<Result<_, _>>()?;
        let mut fitted = unfitted.clone();
        for input in &mut fitted.inputs {
            for column in &mut input.columns {
                fit_column(schema.schema(), &input.name, column, &checked)?;
            }
        }
        Self::compile(schema.schema(), &fitted)
    }

    /// The fitted parameters, as `features.json` holds them.
    #[must_use]
    pub fn spec(&self) -> &TransformsSpec {
        &self.spec
    }

    /// Makes the graph's inputs of a checked record.
    ///
    /// # Errors
    /// [`TransformError::NonFinite`] naming the feature, when the transforms overflow or leave their own domain.
    pub fn apply(&self, input: &Input<'_>) -> Result<Features, TransformError> {
        let mut features = Features::default();
        self.apply_into(input, &mut features)?;
        Ok(features)
    }

    /// The same in the place of another record's, whose memory is used again.
    ///
    /// # Errors
    /// As [`Transforms::apply`].
    pub fn apply_into(&self, input: &Input<'_>, features: &mut Features) -> Result<(), TransformError> {
        features.0.resize_with(self.inputs.len(), || Tensor { shape: Vec::new(), data: Vec::new() });
        self.inputs.iter().zip(&mut features.0).try_for_each(|(compiled, tensor)| compiled.apply(input, tensor))
    }
}

impl CompiledInput {
    fn apply(&self, input: &Input<'_>, tensor: &mut Tensor) -> Result<(), TransformError> {
        tensor.shape.clone_from(&self.shape);
        let data = &mut tensor.data;
        data.clear();
        for column in &self.columns {
            let start = data.len();
            if let (Some(Value::Tensor(tensor)), []) = (input.value(column.position), column.chain.as_slice()) {
                // It is finite: the check saw to it.
                add_floats(tensor, data);
                continue;
            }
            match column.apply(input) {
                Cell::Number(value) => data.push(value as f32),
                Cell::Vector(values) => data.extend(values),
                Cell::Text(_) => {}
            }
            // Without a way out before the end, the loop has no branch.
            if !data[start..].iter().fold(true, |all, value| all & value.is_finite()) {
                return Err(TransformError::NonFinite { feature: column.feature.clone() });
            }
        }
        Ok(())
    }
}

impl Column {
    fn apply<'a>(&self, input: &Input<'a>) -> Cell<'a> {
        let cell = input.value(self.position).map_or(Cell::Vector(Vec::new()), cell_of);
        self.chain.iter().fold(cell, |cell, transform| transform.apply(cell))
    }
}

fn cell_of<'a>(value: &'a Value<'a>) -> Cell<'a> {
    match value {
        Value::Category(text) | Value::Text(text) => Cell::Text(std::borrow::Cow::Borrowed(text)),
        Value::Tensor(tensor) => {
            let mut values = Vec::new();
            add_floats(tensor, &mut values);
            Cell::Vector(values)
        }
        other => Cell::Number(other.as_number().unwrap_or(f64::NAN)),
    }
}

fn kind_of(feature: &Feature) -> Kind {
    match feature.kind {
        FeatureType::Category | FeatureType::Text => Kind::Text,
        FeatureType::Number | FeatureType::Integer | FeatureType::Boolean => Kind::Number,
        FeatureType::Tensor => Kind::Vector(element_count(&feature.tensor_sizes()).unwrap_or(0)),
    }
}

fn compile_input(schema: &Schema, spec: &InputSpec) -> Result<CompiledInput, TransformError> {
    let mut found = 0_usize;
    let mut columns = Vec::with_capacity(spec.columns.len());
    for column in &spec.columns {
        let (compiled, width) = compile_column(schema, &spec.name, column)?;
        found = found.saturating_add(width);
        columns.push(compiled);
    }
    let expected = element_count(&spec.shape).unwrap_or(usize::MAX);
    if found != expected {
        return Err(TransformError::WrongWidth { input: spec.name.clone(), expected, found });
    }
    let shape = std::iter::once(1).chain(spec.shape.iter().copied()).collect();
    Ok(CompiledInput { shape, columns })
}

fn compile_column(schema: &Schema, input: &str, spec: &ColumnSpec) -> Result<(Column, usize), TransformError> {
    let (position, mut kind) = locate(schema, input, spec)?;
    let mut chain = Vec::with_capacity(spec.transforms.len());
    for transform in &spec.transforms {
        let compiled = parse(spec, transform)?;
        kind = step(spec, transform, kind, &*compiled)?;
        chain.push(compiled);
    }
    let width = kind.width().ok_or_else(|| TransformError::WrongKind {
        feature: spec.feature.clone(),
        op: "(end)".to_owned(),
        expected: "numbers",
        found: kind.describe(),
    })?;
    Ok((Column { feature: spec.feature.clone(), position, chain }, width))
}

fn fit_column(schema: &Schema, input: &str, spec: &mut ColumnSpec, sample: &[Input<'_>]) -> Result<(), TransformError> {
    let (position, mut kind) = locate(schema, input, spec)?;
    let mut cells: Vec<Cell<'_>> = sample.iter().filter_map(|i| i.value(position)).map(cell_of).collect();
    for i in 0..spec.transforms.len() {
        let op = &spec.transforms[i].op;
        if cells.is_empty() {
            return Err(TransformError::EmptySample { feature: spec.feature.clone(), op: op.clone() });
        }
        let settings = spec.transforms[i].params.clone();
        let fitted = (known(spec, op)?.fit)(settings, &cells).map_err(|reason| bad_parameters(spec, op, reason))?;
        spec.transforms[i].params = fitted;
        let compiled = parse(spec, &spec.transforms[i])?;
        kind = step(spec, &spec.transforms[i], kind, &*compiled)?;
        cells = cells.into_iter().map(|cell| compiled.apply(cell)).collect();
    }
    Ok(())
}

fn locate(schema: &Schema, input: &str, spec: &ColumnSpec) -> Result<(usize, Kind), TransformError> {
    let position = schema
        .position(&spec.feature)
        .ok_or_else(|| TransformError::UnknownFeature { input: input.to_owned(), feature: spec.feature.clone() })?;
    Ok((position, kind_of(&schema.feature[position])))
}

fn known(column: &ColumnSpec, op: &str) -> Result<&'static Known, TransformError> {
    let unknown = || TransformError::UnknownTransform { feature: column.feature.clone(), op: op.to_owned() };
    KNOWN.iter().find(|known| known.op == op).ok_or_else(unknown)
}

fn parse(column: &ColumnSpec, spec: &TransformSpec) -> Result<Box<dyn Transform>, TransformError> {
    (known(column, &spec.op)?.parse)(&spec.params).map_err(|reason| bad_parameters(column, &spec.op, reason))
}

fn step(
    column: &ColumnSpec,
    spec: &TransformSpec,
    kind: Kind,
    transform: &dyn Transform,
) -> Result<Kind, TransformError> {
    transform.kind(kind).map_err(|expected| TransformError::WrongKind {
        feature: column.feature.clone(),
        op: spec.op.clone(),
        expected,
        found: kind.describe(),
    })
}

fn bad_parameters(column: &ColumnSpec, op: &str, reason: String) -> TransformError {
    TransformError::BadParameters { feature: column.feature.clone(), op: op.to_owned(), reason }
}

#[cfg(test)]
mod tests;
