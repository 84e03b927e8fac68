//! Keeps watch over the journal's rows: the monitor counts them, and what it closes goes to the outbox, in one transaction.

use crate::clock::Moment;
use crate::journal::{Follower, News};
use crate::monitor::{Closed, Monitor};
use crate::outbox;
use crate::store::tables::{TableResult, Tables};

/// The monitor and the outbox behind it.
pub(crate) struct Keeper(pub(crate) Monitor);

impl Follower for Keeper {
    fn follow(&mut self, tables: &mut Tables<'_>, now: Moment, news: &[News<'_>]) -> TableResult<()> {
        for one in news {
            let closed = match one {
                News::Predicted(row) => match &row.observation {
                    Some(observation) => self.0.observe(tables, now, row, observation)?,
                    None => None,
                },
                News::Labelled(id, label) => {
                    self.0.label(tables, now, *id, label)?;
                    None
                }
            };
            queue(tables, closed, now)?;
        }
        self.0.save(tables, now)
    }

    fn tick(&mut self, tables: &mut Tables<'_>, now: Moment) -> TableResult<()> {
        let closed = self.0.tick(tables, now)?;
        queue(tables, closed, now)?;
        self.0.save(tables, now)
    }

    fn rolled_back(&mut self) {
        self.0.forget();
    }
}

fn queue(tables: &mut Tables<'_>, closed: impl IntoIterator<Item = Closed>, now: Moment) -> TableResult<()> {
    closed.into_iter().try_for_each(|Closed(summary)| outbox::queue(tables, &summary, now.wall_us))
}
