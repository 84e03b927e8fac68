//! Keeps watch over the journal's rows: the monitor counts them, what it closes goes to the outbox, and trials compare, in
//! one transaction.

use crate::clock::Moment;
use crate::journal::{Event, Follower, News};
use crate::monitor::{Closed, Monitor};
use crate::outbox;
use crate::store::tables::{TableResult, Tables};
use crate::trial::Trials;

/// The monitor with the outbox behind it, and the trials.
pub(crate) struct Keeper {
    pub(crate) monitor: Monitor,
    pub(crate) trials: Trials,
}

impl Follower for Keeper {
    fn follow(&mut self, tables: &mut Tables<'_>, now: Moment, news: &[News<'_>]) -> TableResult<()> {
        for one in news {
            match one {
                News::Predicted(id, row) => {
                    if let Some(observation) = &row.observation {
                        let closed = self.monitor.observe(tables, now, row, observation)?;
                        queue(tables, closed, now)?;
                    }
                    self.trials.predicted(tables, *id, row)?;
                }
                News::Labelled(id, label) => {
                    self.monitor.label(tables, now, *id, label)?;
                    self.trials.labelled(tables, *id, label)?;
                }
                News::CameOut(id, name, value) => self.trials.came_out(tables, *id, name, value)?,
            }
        }
        self.trials.save(tables)?;
        self.monitor.save(tables, now)
    }

    fn committed(&mut self, now: Moment) -> Vec<Event> {
        self.trials.act(now.wall_us)
    }

    fn tick(&mut self, tables: &mut Tables<'_>, now: Moment) -> TableResult<()> {
        let closed = self.monitor.tick(tables, now)?;
        queue(tables, closed, now)?;
        self.monitor.save(tables, now)
    }

    fn rolled_back(&mut self) {
        self.monitor.forget();
        self.trials.forget();
    }
}

fn queue(tables: &mut Tables<'_>, closed: impl IntoIterator<Item = Closed>, now: Moment) -> TableResult<()> {
    closed.into_iter().try_for_each(|Closed(summary)| outbox::queue(tables, &summary, now.wall_us))
}
