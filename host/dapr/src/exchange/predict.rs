//! Follows the instances whose messages pass, and predicts their next dispatches.

use bytes::Bytes;
use cloakroom_pipeline::Verdict;
use cloakroom_wire::View;

use super::{Exchange, target::instance_id};
use crate::{
    Forecast, budget,
    fields::put_text,
    instances::{
        instance::Instance,
        plan::{Plan, Task, event_size},
        turn::Turn,
        weight::{EventWeight, Weight},
    },
    metric::Labels,
    settings::ExchangeSettings,
    text,
};

/// Path of the method that returns the history of an instance.
const HISTORY: &str = "/TaskHubSidecarService/GetInstanceHistory";

/// Bytes of a result's event beside the result: the numbers of its task and of its execution.
const RESULT: usize = 44;

/// Forecasts of dispatches that will stall, and an instance whose history is to be asked for.
pub(super) type Followed = (Vec<Forecast>, Option<String>);

impl Exchange {
    /// Returns path and message of the call that returns the history of an instance, for
    /// [`Exchange::learn_history`]. An instance is named when a message of it passes that cannot be
    /// weighed, as after a restart.
    #[must_use]
    pub fn history_request(instance_id: &str) -> (&'static str, Bytes) {
        let mut request = Vec::new();
        put_text(&mut request, 1, instance_id);
        (HISTORY, request.into())
    }

    /// Notes the history of an instance, a `GetInstanceHistoryResponse` as the sidecar sent it.
    ///
    /// Nothing of it is decoded. References say how large their objects are.
    pub fn learn_history(&self, instance_id: &str, response: &[u8]) {
        let Some(message) = budget::message("GetInstanceHistoryResponse") else { return };
        let turn = Turn::read(View::new(message, response), None, declared);
        self.shared.instances.update(instance_id, |instance| instance.learn(turn));
    }

    /// Notes a work item that passes to the app. Returns its instance if its history is to be asked for.
    pub(super) fn follow_work_item(
        &self,
        raw: View<'_>,
        plain: Option<View<'_>>,
    ) -> Option<String> {
        let request = raw.message("workflowRequest")?;
        let id = request.text("instanceId")?;
        let plain = plain.and_then(|plain| plain.message("workflowRequest"));
        let turn = Turn::read(request, plain, declared);
        let should_ask = self.shared.instances.update(id, |instance| {
            let predicted = instance.predicted.take();
            instance.observe(turn);
            if let Some([ratio, without]) = predicted {
                let (settings, workflow) = (self.settings(), &instance.origin.workflow);
                self.shared.meter.record_prediction(
                    labels(&settings, workflow, None),
                    ratio,
                    without,
                );
            }
            instance.should_ask()
        });
        should_ask?.then(|| id.to_owned())
    }

    /// Notes a request that passes to the sidecar, and predicts what its instance is sent next.
    pub(super) fn follow_request(
        &self,
        settings: &ExchangeSettings,
        plain: View<'_>,
        encoded: View<'_>,
    ) -> Followed {
        let Some(id) = instance_id(encoded) else { return Followed::default() };
        match encoded.message_type().name() {
            "WorkflowResponse" => self.follow_turn(settings, id, plain, encoded),
            "ActivityResponse" => self.follow_result(settings, id, plain, encoded),
            "CreateInstanceRequest" | "dapr.proto.runtime.v1.StartWorkflowRequest" => {
                let name = encoded.text("name").or_else(|| encoded.text("workflow_name"));
                let weight = weight(settings, plain.as_bytes(), encoded.as_bytes(), 0);
                let started = self.shared.instances.update(id, |instance| {
                    instance.start(name.unwrap_or_default(), weight);
                    self.forecast(settings, id, instance)
                });
                (started.flatten().into_iter().collect(), None)
            }
            "RaiseEventRequest" | "dapr.proto.runtime.v1.RaiseEventWorkflowRequest" => {
                let is_known = self.shared.instances.weight(id).is_some();
                let weight = weight(settings, plain.as_bytes(), encoded.as_bytes(), 0);
                let raised = is_known.then(|| {
                    self.shared.instances.update(id, |instance| {
                        instance.wait(-1, weight);
                        self.forecast(settings, id, instance)
                    })
                });
                (raised.flatten().flatten().into_iter().collect(), None)
            }
            _ => Followed::default(),
        }
    }

    fn follow_turn(
        &self,
        settings: &ExchangeSettings,
        id: &str,
        plain: View<'_>,
        encoded: View<'_>,
    ) -> Followed {
        let plan = Plan::read(plain, encoded, &settings.app_id);
        let followed = self.shared.instances.update(id, |instance| {
            let mut stalls = Vec::new();
            // Once for all tasks: a history has thousands of events.
            let (own, inherited) = (instance.own_weight(), instance.propagated());
            for task in &plan.tasks {
                let history = task.scope.weight(own, inherited);
                stalls.extend(self.forecast_task(settings, id, instance, task, history));
            }
            instance.plan(&plan);
            if !plan.ends {
                stalls.extend(self.forecast(settings, id, instance));
            }
            stalls
        });
        if plan.ends {
            self.shared.instances.remove(id);
        }
        (followed.unwrap_or_default(), None)
    }

    fn follow_result(
        &self,
        settings: &ExchangeSettings,
        id: &str,
        plain: View<'_>,
        encoded: View<'_>,
    ) -> Followed {
        let content = |view: View<'_>| {
            let parts =
                ["result", "failureDetails"].map(|name| view.bytes(name).map_or(0, <[u8]>::len));
            parts.iter().sum::<usize>()
        };
        let sizes =
            [plain, encoded].map(|view| event_size(content(view) + RESULT, &settings.app_id));
        let weight = EventWeight::new(sizes[1], sizes[0]).into();
        let task = encoded.number("taskId").unwrap_or_default().cast_signed();
        let is_known = self.shared.instances.origin(id).is_some();
        let followed = self.shared.instances.update(id, |instance| {
            // Nothing of it passed here, as after a restart.
            instance.is_partial |= !is_known;
            instance.wait(task, weight);
            let stall = self.forecast(settings, id, instance);
            (stall.into_iter().collect(), instance.should_ask().then(|| id.to_owned()))
        });
        followed.unwrap_or_default()
    }

    /// Predicts the next turn of an instance. Returns the forecast if it will stall.
    fn forecast(
        &self,
        settings: &ExchangeSettings,
        id: &str,
        instance: &mut Instance,
    ) -> Option<Forecast> {
        // Of a history that did not pass nothing can be said.
        if instance.is_partial {
            return None;
        }
        let weight = instance.weight();
        self.weigh(settings, id, instance, None, weight)
    }

    /// Predicts the dispatch of an activity with this history. Returns the forecast if it will stall its
    /// workflow.
    fn forecast_task(
        &self,
        settings: &ExchangeSettings,
        id: &str,
        instance: &mut Instance,
        task: &Task,
        history: Option<Weight>,
    ) -> Option<Forecast> {
        let weight = Weight {
            sent: budget::activity_size(task.event.sent, history.map(|history| history.sent)),
            without: budget::activity_size(
                task.event.without,
                history.map(|history| history.without),
            ),
        };
        self.weigh(settings, id, instance, Some(&task.name), weight)
    }

    /// Notes a prediction, and warns if it will stall. That of a turn is recorded when the turn arrives: what
    /// passes before changes it. One that stalls does not arrive.
    fn weigh(
        &self,
        settings: &ExchangeSettings,
        id: &str,
        instance: &mut Instance,
        activity: Option<&str>,
        weight: Weight,
    ) -> Option<Forecast> {
        let max_body_size = settings.max_body_size;
        let budget = budget::of(max_body_size);
        let (ratio, without) = (budget.ratio(weight.sent)?, budget.ratio(weight.without)?);
        let workflow = instance.origin.workflow.clone();
        let fits = budget.verdict(weight.sent) == Verdict::Fits;
        if fits && activity.is_none() {
            instance.predicted = Some([ratio, without]);
            return None;
        }
        let labels = labels(settings, &workflow, activity);
        self.shared.meter.record_prediction(labels, ratio, without);
        if fits {
            return None;
        }
        instance.predicted = None;
        let forecast = Forecast {
            instance_id: id.to_owned(),
            workflow,
            activity: activity.map(str::to_owned),
            size: weight.sent,
            without: weight.without,
            max_body_size,
        };
        if instance.should_warn(max_body_size) {
            tracing::warn!(target: "cloakroom::dapr", app_id = settings.app_id, "{forecast}");
        }
        Some(forecast)
    }
}

fn labels<'a>(
    settings: &'a ExchangeSettings,
    workflow: &'a str,
    activity: Option<&'a str>,
) -> Labels<'a> {
    Labels { app_id: &settings.app_id, namespace: &settings.namespace, workflow, activity }
}

/// Returns the weight of the event that follows from a message with these bytes.
fn weight(settings: &ExchangeSettings, plain: &[u8], encoded: &[u8], more: usize) -> Weight {
    let [plain, encoded] =
        [plain, encoded].map(|bytes| event_size(bytes.len() + more, &settings.app_id));
    EventWeight::new(encoded, plain).into()
}

/// Returns what an event would weigh without the pipeline, as far as its references say so.
fn declared(event: &[u8]) -> usize {
    let Some(message) = budget::message("HistoryEvent") else { return event.len() };
    let bytes = Bytes::copy_from_slice(event);
    let Ok(found) = cloakroom_wire::scan(message, &bytes) else { return event.len() };
    let texts = (0..found.sites().len()).map(|site| found.payload(site));
    let payloads = texts.filter_map(|text| text::read(&text).ok()?.map(|one| (text.len(), one)));
    payloads.fold(event.len(), |size, (length, payload)| {
        let objects = payload.external_sizes.iter().map(|size| size.unsigned_abs());
        let objects =
            usize::try_from(objects.fold(0_u64, u64::saturating_add)).unwrap_or(usize::MAX);
        if objects == 0 { size } else { (size - length).saturating_add(objects) }
    })
}
