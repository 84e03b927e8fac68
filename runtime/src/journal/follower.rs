//! Whoever keeps account of rows in the very transactions that write them.

use super::row::{Event, Row};
use crate::clock::Moment;
use crate::ids::PredictionId;
use crate::store::tables::{TableResult, Tables};

/// Something that was just written.
pub(crate) enum News<'a> {
    /// A prediction, or a refused record.
    Predicted(PredictionId, &'a Row),
    /// The first label of a prediction, as JSON.
    Labelled(PredictionId, &'a str),
    /// A value of a prediction's outcome, by name, as JSON.
    CameOut(PredictionId, &'a str, &'a str),
}

/// Is told of rows in the transaction that writes them, and may write to its tables.
pub(crate) trait Follower: Send {
    /// Takes in what the transaction has written so far.
    fn follow(&mut self, tables: &mut Tables<'_>, now: Moment, news: &[News<'_>]) -> TableResult<()>;

    /// Acts on what is now committed; gives the events of it.
    fn committed(&mut self, _now: Moment) -> Vec<Event> {
        Vec::new()
    }

    /// Does what is due by the clock alone.
    fn tick(&mut self, tables: &mut Tables<'_>, now: Moment) -> TableResult<()>;

    /// The tables are not what they were left as: a transaction was rolled back, or the file is another one.
    fn rolled_back(&mut self);
}

/// Follows nothing.
pub(crate) struct Nobody;

impl Follower for Nobody {
    fn follow(&mut self, _: &mut Tables<'_>, _: Moment, _: &[News<'_>]) -> TableResult<()> {
        Ok(())
    }

    fn tick(&mut self, _: &mut Tables<'_>, _: Moment) -> TableResult<()> {
        Ok(())
    }

    fn rolled_back(&mut self) {}
}
