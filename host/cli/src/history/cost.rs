//! The cost of a month of runs with and without Cloakroom, with the arithmetic.

use crate::history::{args::MonthArgs, totals::Totals};

const GIB: f64 = (1u64 << 30) as f64;

/// A month of runs like one that was explained.
#[derive(Debug, PartialEq)]
pub(crate) struct Month {
    pub(crate) runs: u64,
    /// What the runs have in their histories without Cloakroom.
    pub(crate) without: Vec<Cost>,
    /// What they have with it.
    pub(crate) with: Vec<Cost>,
}

/// One cost: what the runs of a month have of it, and its price.
#[derive(Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    /// How many of it one run has.
    pub(crate) each: usize,
    /// How many of it have the price: bytes or requests.
    pub(crate) per: Per,
    /// How many of these the runs of a month have.
    pub(crate) units: f64,
    /// The price of one of these, if it was given.
    pub(crate) price: Option<f64>,
}

/// The unit of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// A GiB kept for a month.
    GibMonth,
    /// 1,000 requests.
    Thousand,
}

impl Cost {
    /// Units times price.
    pub(crate) fn amount(&self) -> Option<f64> {
        Some(self.units * self.price?)
    }
}

impl Month {
    /// A month of so many runs; none if nobody asked.
    pub(crate) fn of(totals: &Totals, args: &MonthArgs) -> Option<Self> {
        let runs = args.runs_per_month?;
        let cost = |name, each: usize, per, price| {
            let all = each as f64 * runs as f64;
            let units = match per {
                Per::GibMonth => all / GIB,
                Per::Thousand => all / 1000.0,
            };
            Cost { name, each, per, units, price }
        };
        let history = args.price_history_gib_month;
        Some(Self {
            runs,
            without: vec![cost("history", totals.without, Per::GibMonth, history)],
            with: vec![
                cost("history", totals.with, Per::GibMonth, history),
                cost("store", totals.object_bytes, Per::GibMonth, args.price_gib_month),
                cost("puts", totals.references, Per::Thousand, args.price_put_1000),
                cost("gets", totals.references, Per::Thousand, args.price_get_1000),
            ],
        })
    }

    /// What is saved by Cloakroom, of what has a price; none if nothing has.
    pub(crate) fn saved(&self) -> Option<f64> {
        let sum = |costs: &[Cost]| costs.iter().filter_map(Cost::amount).sum::<f64>();
        let priced = self.with.iter().chain(&self.without).any(|cost| cost.price.is_some());
        priced.then(|| sum(&self.without) - sum(&self.with))
    }

    /// The costs that have no price, by name.
    pub(crate) fn unpriced(&self) -> Vec<&'static str> {
        self.with.iter().filter(|cost| cost.price.is_none()).map(|cost| cost.name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals() -> Totals {
        let gib = 1 << 30;
        Totals {
            with: gib,
            without: 3 * gib,
            object_bytes: gib / 2,
            references: 4,
            ..Totals::default()
        }
    }

    fn month(prices: [Option<f64>; 4]) -> Month {
        let [store, history, put, get] = prices;
        let args = MonthArgs {
            runs_per_month: Some(1000),
            price_gib_month: store,
            price_history_gib_month: history,
            price_put_1000: put,
            price_get_1000: get,
        };
        Month::of(&totals(), &args).unwrap()
    }

    #[test]
    fn every_price_is_counted_once() {
        let month = month([Some(0.02), Some(0.1), Some(0.005), Some(0.0004)]);
        let amounts: Vec<_> = month.with.iter().map(|cost| cost.amount().unwrap()).collect();
        assert_eq!(amounts, [100.0, 10.0, 4.0 * 0.005, 4.0 * 0.0004]);
        assert_eq!(month.without[0].amount(), Some(3000.0 * 0.1));
        let expected = 300.0 - 110.0 - 0.02 - 0.0016;
        assert!((month.saved().unwrap() - expected).abs() < 1e-9);
        assert!(month.unpriced().is_empty());
    }

    #[test]
    fn without_a_price_nothing_is_made_up() {
        let none = month([None; 4]);
        assert_eq!((none.saved(), none.unpriced().len()), (None, 4));
        let store = month([Some(0.02), None, None, None]);
        assert_eq!(store.saved(), Some(-10.0));
        assert_eq!(store.unpriced(), ["history", "puts", "gets"]);
        let nobody_asked = MonthArgs {
            runs_per_month: None,
            price_gib_month: None,
            price_history_gib_month: None,
            price_put_1000: None,
            price_get_1000: None,
        };
        assert_eq!(Month::of(&totals(), &nobody_asked), None);
    }
}
