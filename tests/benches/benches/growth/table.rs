//! Table and plot of an axis.

use cloakroom_benches::{
    Cell, Samples, Table,
    growth::Cost,
    plot::{Line, Panel},
};

use crate::{
    Step,
    axis::Axis,
    meter::{COSTS, FLOORS},
};

/// Costs whose exponents have a column.
const WITH_EXPONENT: usize = 4;

/// Returns the costs of an axis by their places. The first is not one of each axis.
fn costs(axis: &Axis) -> impl Iterator<Item = usize> {
    usize::from(axis.first.is_none())..COSTS.len()
}

fn name(axis: &Axis, cost: usize) -> &'static str {
    axis.first.filter(|_| cost == 0).unwrap_or(COSTS[cost])
}

/// Returns the table of an axis.
pub(crate) fn table(axis: &Axis, steps: &[Step]) -> Table {
    let mut columns = vec![axis.size.to_owned()];
    for cost in costs(axis) {
        columns.push(name(axis, cost).to_owned());
        if cost < WITH_EXPONENT {
            columns.push(format!("{}, exponent", name(axis, cost)));
        }
    }
    columns.push("faster than linear".to_owned());
    let columns: Vec<_> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new(axis.title, &columns);
    for (index, step) in steps.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| steps.get(before));
        table.row(row(axis, step, before));
    }
    table
}

fn row(axis: &Axis, step: &Step, before: Option<&Step>) -> Vec<Cell> {
    let mut cells = vec![Cell::from((axis.show)(step.0))];
    let mut marked = Vec::new();
    for index in costs(axis) {
        cells.push(cell(index, &step.1[index]));
        let exponent = before.map(|before| cost(step, index).exponent(&cost(before, index)));
        if index < WITH_EXPONENT {
            let exponent = exponent.map(|value| Cell::plain(&vec![value].into()));
            cells.push(exponent.unwrap_or_else(|| "".into()));
        }
        if before
            .is_some_and(|before| cost(step, index).is_faster_than_linear(&cost(before, index)))
        {
            marked.push(name(axis, index));
        }
    }
    cells.push(marked.join(", ").into());
    cells
}

fn cell(cost: usize, turns: &Samples) -> Cell {
    match COSTS[cost] {
        "memory" => Cell::memory(turns),
        "threads" | "handles" => Cell::count(turns.median() as usize),
        _ => Cell::time(turns),
    }
}

fn cost(step: &Step, index: usize) -> Cost<'_> {
    Cost { size: step.0, turns: &step.1[index], floor: FLOORS[index] }
}

/// Returns the plot of an axis.
pub(crate) fn panel(axis: &Axis, steps: &[Step]) -> Panel {
    let line = |index| Line {
        // The work that happens once has one colour, whatever it is.
        name: if index == 0 { "opening, or the first calls" } else { COSTS[index] }.to_owned(),
        costs: steps.iter().map(|step| cost(step, index).median()).collect(),
    };
    Panel {
        title: axis.title.to_owned(),
        sizes: steps.iter().map(|step| (step.0 as f64, (axis.show)(step.0))).collect(),
        lines: costs(axis).map(line).collect(),
    }
}
