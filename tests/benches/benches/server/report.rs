//! Tables of the codec server.

use cloakroom_benches::{Cell, Samples, Table, Turn, Turns};

use crate::{COUNT, data::Asked};

/// One row: a payload, so many connections, and what each server made of it.
pub(crate) struct Measured<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) connections: usize,
    turns: [Turns; COUNT],
}

impl<'a> Measured<'a> {
    pub(crate) fn new(asked: &'a Asked, connections: usize) -> Self {
        Self { asked, connections, turns: Default::default() }
    }

    pub(crate) fn add(&mut self, who: usize, turn: Turn) {
        self.turns[who].push(turn);
    }

    fn each(&self, figure: impl Fn(&Turns) -> Samples) -> [Samples; COUNT] {
        self.turns.each_ref().map(figure)
    }
}

/// Returns the table of the server's processor time for a request.
pub(crate) fn processor(measured: &[Measured<'_>]) -> Table {
    let columns = [
        "CPU of a request",
        "connections",
        "Python",
        "Cloakroom",
        "warm",
        "no plugin",
        "Python / Cloakroom",
        "Python / warm",
    ];
    let mut table = Table::new("processor time", &columns);
    for row in measured {
        let [python, fresh, warm, off] = row.each(Turns::work);
        table.row([
            size(row),
            Cell::count(row.connections),
            Cell::time(&python),
            Cell::time(&fresh),
            Cell::time(&warm),
            Cell::time(&off),
            Cell::times(&python, &fresh),
            Cell::times(&python, &warm),
        ]);
    }
    table
}

/// Returns the table of requests.
pub(crate) fn requests(measured: &[Measured<'_>]) -> Table {
    let columns = [
        "decode",
        "connections",
        "Python",
        "Cloakroom",
        "as many",
        "warm",
        "p50, Python",
        "p99, Python",
        "p50, Cloakroom",
        "p99, Cloakroom",
        "p50, warm",
        "p99, warm",
    ];
    let mut table = Table::new("requests", &columns);
    for row in measured {
        let [python, fresh, warm, _] = row.each(Turns::rate);
        let [half_python, half, half_warm, _] = row.each(|turns| turns.within(0.5));
        let [most_python, most, most_warm, _] = row.each(|turns| turns.within(0.99));
        table.row([
            size(row),
            Cell::count(row.connections),
            Cell::per_second(&python),
            Cell::per_second(&fresh),
            Cell::times(&fresh, &python),
            Cell::per_second(&warm),
            Cell::time(&half_python),
            Cell::time(&most_python),
            Cell::time(&half),
            Cell::time(&most),
            Cell::time(&half_warm),
            Cell::time(&most_warm),
        ]);
    }
    table
}

fn size(row: &Measured<'_>) -> Cell {
    format!("{} KiB", row.asked.size >> 10).into()
}

/// Returns the table of memory: before the first request, and at the peak of each round.
pub(crate) fn memory(idle: [f64; COUNT], peaks: &[Samples; COUNT]) -> Table {
    let mut table = Table::new("memory", &["memory of the server", "Python", "Cloakroom", "warm"]);
    let mut row = |when: &str, bytes: [Samples; COUNT]| {
        let [python, fresh, warm, _] = bytes.map(|bytes| Cell::memory(&bytes));
        table.row([when.into(), python, fresh, warm]);
    };
    row("before the first request", idle.map(|bytes| vec![bytes].into()));
    row("at the peak of the first round", peaks.each_ref().map(Samples::first));
    row("at the peak of the last", peaks.each_ref().map(Samples::last));
    table
}
