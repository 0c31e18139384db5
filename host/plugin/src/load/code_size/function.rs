//! Work of compiling one function, estimated from its instructions.

use wasmparser::{BlockType, FunctionBody, Operator};

/// Types and functions that the functions of a module refer to.
#[derive(Default)]
pub(super) struct Module {
    /// Parameters and results of each type.
    pub(super) types: Vec<Signature>,
    /// The type of each function, imported ones first.
    pub(super) functions: Vec<u32>,
    /// Functions whose bodies were read, and those imported.
    pub(super) bodies: usize,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Signature {
    pub(super) parameters: u64,
    pub(super) results: u64,
}

impl Signature {
    pub(super) fn values(self) -> u64 {
        self.parameters.saturating_add(self.results)
    }
}

impl Module {
    fn signature(&self, index: u32) -> Signature {
        let found = usize::try_from(index).ok().and_then(|index| self.types.get(index));
        found.copied().unwrap_or_default()
    }

    fn of_function(&self, index: u32) -> Signature {
        let found = usize::try_from(index).ok().and_then(|index| self.functions.get(index));
        found.map_or_else(Signature::default, |index| self.signature(*index))
    }

    /// Returns the signature of the function whose body comes next.
    pub(super) fn next_body(&mut self) -> Signature {
        let signature = self.functions.get(self.bodies).map(|index| self.signature(*index));
        self.bodies += 1;
        signature.unwrap_or_default()
    }
}

/// Counts of one function.
#[derive(Default)]
pub(super) struct Function {
    pub(super) bytes: u64,
    pub(super) locals: u64,
    /// Blocks, branches and calls.
    pub(super) points: u64,
    pub(super) loop_depth: u64,
    loops: u64,
    blocks: u64,
    /// The depth of each loop, added up.
    depths: u64,
    /// Parameters and results of all calls.
    call_values: u64,
    /// Parameters and results of all blocks, and the most that one has.
    block_values: u64,
    widest: u64,
    /// Targets of branch tables, those of large tables many times.
    targets: u64,
    results: u64,
    /// One entry for each open block: true for a loop.
    open: Vec<bool>,
    nested: u64,
}

impl Function {
    /// Counts a body.
    pub(super) fn read(
        module: &Module,
        signature: Signature,
        body: &FunctionBody<'_>,
    ) -> wasmparser::Result<Self> {
        let bytes = body.range().len() as u64;
        let mut this = Self {
            bytes,
            locals: signature.parameters,
            results: signature.results,
            ..Self::default()
        };
        for local in body.get_locals_reader()? {
            this.locals = this.locals.saturating_add(u64::from(local?.0));
        }
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            this.count(module, &operators.read()?);
        }
        Ok(this)
    }

    fn count(&mut self, module: &Module, operator: &Operator<'_>) {
        match operator {
            Operator::Block { blockty } | Operator::If { blockty } => {
                self.begin(module, *blockty, false);
            }
            Operator::TryTable { try_table } => self.begin(module, try_table.ty, false),
            Operator::Loop { blockty } => self.begin(module, *blockty, true),
            Operator::End => self.end(),
            Operator::Else | Operator::Br { .. } | Operator::BrIf { .. } => self.points += 1,
            Operator::BrTable { targets } => {
                let targets = u64::from(targets.len()) + 1;
                self.points += targets;
                // A table's edges to one place are compared with each other.
                self.targets += targets + targets * targets / 64;
            }
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.call(module.of_function(*function_index));
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => self.call(module.signature(*type_index)),
            _ => {}
        }
    }

    fn begin(&mut self, module: &Module, ty: BlockType, is_loop: bool) {
        let values = match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(index) => {
                let values = module.signature(index).values();
                self.block_values += values;
                values
            }
        };
        self.widest = self.widest.max(values);
        self.points += 1;
        self.blocks += 1;
        self.open.push(is_loop);
        if is_loop {
            self.nested += 1;
            self.loops += 1;
            self.depths += self.nested;
            self.loop_depth = self.loop_depth.max(self.nested);
        }
    }

    fn end(&mut self) {
        if self.open.pop() == Some(true) {
            self.nested -= 1;
        }
    }

    fn call(&mut self, signature: Signature) {
        self.points += 1;
        self.call_values += signature.values();
    }

    /// Returns the work of compiling it. A unit takes half a microsecond and 40 bytes at most; the
    /// terms are the shapes of functions that were found to be dear.
    pub(super) fn work(&self) -> u64 {
        let values = 1 + self.locals + self.widest + self.results;
        let by_value = 2 * (self.points + 2 * self.depths) + self.targets;
        let terms = [
            200,
            4 * self.bytes,
            values.saturating_mul(by_value),
            self.loops.saturating_mul(self.loops),
            self.blocks.saturating_mul(self.blocks) / 4,
            8u64.saturating_mul(self.loops).saturating_mul(self.block_values),
            16u64.saturating_mul(self.call_values),
        ];
        terms.into_iter().fold(0, u64::saturating_add)
    }
}
