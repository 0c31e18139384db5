//! Tables of the codec server.

use cloakroom_benches::{Cell, Samples, Table};

use crate::{data::Asked, load::Turn};

/// One row: a payload, so many connections, and what Python and Cloakroom made of it.
pub(crate) struct Measured<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) connections: usize,
    turns: [Vec<Turn>; 2],
}

impl<'a> Measured<'a> {
    pub(crate) fn new(asked: &'a Asked, connections: usize) -> Self {
        Self { asked, connections, turns: [vec![], vec![]] }
    }

    pub(crate) fn add(&mut self, who: usize, turn: Turn) {
        self.turns[who].push(turn);
    }

    fn each(&self, figure: impl Fn(&Turn) -> f64) -> [Samples; 2] {
        self.turns.each_ref().map(|turns| turns.iter().map(&figure).collect())
    }

    /// Returns the time that this share of a turn's answers did not exceed.
    fn within(&self, share: f64) -> [Samples; 2] {
        self.each(|turn| turn.latencies.iter().copied().collect::<Samples>().quantile(share))
    }
}

/// Returns the table of requests.
pub(crate) fn requests(measured: &[Measured<'_>]) -> Table {
    let columns = [
        "decode",
        "connections",
        "Python",
        "Cloakroom",
        "as many",
        "p50, Python",
        "p99, Python",
        "p50, Cloakroom",
        "p99, Cloakroom",
        "processor, Python",
        "processor, Cloakroom",
        "processor, Python / Cloakroom",
    ];
    let mut table = Table::new("requests", &columns);
    for row in measured {
        let [python, cloakroom] = row.each(|turn| turn.rate);
        let [half_python, half] = row.within(0.5);
        let [most_python, most] = row.within(0.99);
        let [work_python, work] = row.each(|turn| turn.work);
        table.row([
            format!("{} KiB", row.asked.size >> 10).into(),
            Cell::count(row.connections),
            Cell::per_second(&python),
            Cell::per_second(&cloakroom),
            Cell::times(&cloakroom, &python),
            Cell::time(&half_python),
            Cell::time(&most_python),
            Cell::time(&half),
            Cell::time(&most),
            Cell::time(&work_python),
            Cell::time(&work),
            Cell::times(&work_python, &work),
        ]);
    }
    table
}

/// Returns the table of memory: before the first request, and at the peak of each round.
pub(crate) fn memory(idle: [f64; 2], peaks: &[Samples; 2]) -> Table {
    let mut table = Table::new("memory", &["memory of the server", "Python", "Cloakroom"]);
    let mut row = |when: &str, bytes: [Samples; 2]| {
        let [python, cloakroom] = bytes.map(|bytes| Cell::memory(&bytes));
        table.row([when.into(), python, cloakroom]);
    };
    row("before the first request", idle.map(|bytes| vec![bytes].into()));
    row("at the peak of the first round", peaks.each_ref().map(Samples::first));
    row("at the peak of the last", peaks.each_ref().map(Samples::last));
    table
}
