//! Push: subscriptions, and messages on their way to workers.
//! <https://w3c.github.io/push-api/>
//!
//! A message that was taken is on disk until its event has ended. The messages of a registration are delivered in their
//! order, one after the other; while there is no network they wait.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinHandle;
use url::Url;

use crate::host::Host;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::host::event::HostEventKind;
use crate::host::permissions::{Permission, PermissionState};
use crate::host::push_event::PushEvent;
use crate::push::{
    AcceptedPush, Admission, PushOptions, PushRefusal, PushRequest, PushSubscription, QueuedPush,
    SubscribeRefusal,
};
use crate::service_worker::{EventOutcome, RegistrationId};
use crate::storage::StorageError;
use crate::web::error::WebError;
use crate::web::event::EventInit;
use crate::web::push::{PushManagerRequest, PushSubscriptionView};

/// A message for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushMessage {
    /// As an application server sends it: encrypted, for an endpoint that `subscribe()` gave.
    Encrypted(PushRequest),
    /// In clear text, for the registration with this scope, which needs no subscription.
    Plain {
        /// The scope.
        scope: Url,
        /// What it says; `None` for a message without data.
        data: Option<Vec<u8>>,
        /// How long it waits for the network.
        ttl: Duration,
    },
}

impl From<PushRequest> for PushMessage {
    fn from(request: PushRequest) -> Self {
        Self::Encrypted(request)
    }
}

/// What was promised for a message: it is on disk, and will be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushReceipt {
    /// The number of the message.
    pub id: i64,
    /// How long it waits for the network at most.
    pub ttl: Duration,
}

impl Core {
    pub(super) fn answer_push(self: &Rc<Self>, question: PushManagerRequest) {
        match question {
            PushManagerRequest::Subscribe(registration, options, mut reply) => {
                let core = Rc::clone(self);
                tokio::task::spawn_local(async move {
                    let subscribed = tokio::select! {
                        subscribed = core.subscribe(RegistrationId(registration), options) => subscribed,
                        // The scope is gone.
                        () = reply.closed() => return,
                    };
                    let _ = reply.send(subscribed);
                });
            }
            PushManagerRequest::GetSubscription(registration, reply) => {
                let subscriptions = self.push_subscriptions.borrow();
                let found = subscriptions.get(&RegistrationId(registration));
                let _ = reply.send(Ok(found.map(PushSubscriptionView::from)));
            }
            PushManagerRequest::Unsubscribe(endpoint, reply) => {
                let _ = reply.send(self.unsubscribe(&endpoint).map_err(WebError::from));
            }
        }
    }

    /// `pushManager.subscribe()`: what it resolves is on disk.
    async fn subscribe(
        &self,
        id: RegistrationId,
        options: PushOptions,
    ) -> Result<PushSubscriptionView, WebError> {
        let origin = self
            .registration(id)
            .map(|registration| registration.origin);
        // Nobody is asked for what could not be done.
        self.admit_subscription(id, &options, true)?;
        let permission = match origin {
            Some(origin) => {
                self.request_permission(&origin, Permission::Notifications)
                    .await
            }
            None => PermissionState::Denied,
        };
        let has_permission = permission == PermissionState::Granted;
        let subscription = match self.admit_subscription(id, &options, has_permission)? {
            Some(existing) => existing,
            None => self.new_subscription(id, options)?,
        };
        Ok((&subscription).into())
    }

    /// Whether a `subscribe()` may go ahead; gives the subscription that there is already.
    fn admit_subscription(
        &self,
        id: RegistrationId,
        options: &PushOptions,
        has_permission: bool,
    ) -> Result<Option<PushSubscription>, SubscribeRefusal> {
        let existing = self.push_subscriptions.borrow().get(&id).cloned();
        let registration = self.registration(id);
        Admission {
            options,
            has_active_worker: registration.is_some_and(|it| it.active.is_some()),
            has_permission,
            existing: existing.as_ref(),
        }
        .check()?;
        Ok(existing)
    }

    fn new_subscription(
        &self,
        id: RegistrationId,
        options: PushOptions,
    ) -> Result<PushSubscription, StorageError> {
        let service = &self.settings.push_service;
        let subscription = PushSubscription::draw(service, options, self.settings.secret_chance);
        self.storage.save_push_subscription(id, &subscription)?;
        let mut subscriptions = self.push_subscriptions.borrow_mut();
        subscriptions.insert(id, subscription.clone());
        if let Some(registration) = self.registration(id) {
            self.publish(HostEventKind::Push(PushEvent::Subscribed {
                scope: registration.scope,
                endpoint: subscription.endpoint.clone(),
            }));
        }
        Ok(subscription)
    }

    /// Whether there was a subscription with that endpoint.
    fn unsubscribe(&self, endpoint: &str) -> Result<bool, StorageError> {
        let Some((id, subscription)) = self.subscription_at(endpoint) else {
            return Ok(false);
        };
        self.storage.remove_push_subscription(id)?;
        self.push_subscriptions.borrow_mut().remove(&id);
        if let Some(registration) = self.registration(id) {
            self.publish(HostEventKind::Push(PushEvent::Unsubscribed {
                scope: registration.scope,
                endpoint: subscription.endpoint,
            }));
        }
        Ok(true)
    }

    /// Without the permission an origin has no subscriptions, and its workers hear of each that ended.
    /// <https://w3c.github.io/push-api/#dfn-deactivated>
    pub(super) fn review_push_subscriptions(self: &Rc<Self>) -> Result<(), StorageError> {
        let subscriptions = self.push_subscriptions.borrow().clone();
        for (id, old) in subscriptions {
            let owner = self.registration(id);
            if owner.is_some_and(|registration| !self.may_notify(&registration.origin)) {
                self.unsubscribe(old.endpoint.as_str())?;
                self.tell_subscription_change(id, None, &old);
            }
        }
        Ok(())
    }

    fn subscription_at(&self, endpoint: &str) -> Option<(RegistrationId, PushSubscription)> {
        let subscriptions = self.push_subscriptions.borrow();
        let mut all = subscriptions.iter();
        all.find(|(_, subscription)| subscription.endpoint.as_str() == endpoint)
            .map(|(id, subscription)| (*id, subscription.clone()))
    }

    /// The registration is gone; its rows go with it.
    pub(super) fn forget_push(&self, id: RegistrationId) {
        self.push_subscriptions.borrow_mut().remove(&id);
    }

    /// Takes up the subscriptions of a previous run.
    pub(super) fn load_push_subscriptions(&self) -> Result<(), StorageError> {
        let stored = self.storage.load_push_subscriptions()?;
        self.push_subscriptions.borrow_mut().extend(stored);
        Ok(())
    }

    /// Goes on with what a previous run left: subscriptions that may be no more are ended, others move to the push
    /// service that this host has, messages are delivered.
    pub(super) fn resume_push(self: &Rc<Self>) {
        let reviewed = self.review_push_subscriptions();
        self.report_storage(reviewed);
        if self.settings.has_own_push_service() {
            let service = &self.settings.push_service;
            let subscriptions = self.push_subscriptions.borrow().clone();
            for (id, old) in subscriptions {
                if !old.is_at(service) {
                    self.report_storage(self.renew_subscription(id, &old).map(drop));
                }
            }
        }
        self.deliver_waiting_pushes();
    }

    /// Gives a registration another subscription in the place of the one it has, and tells its worker.
    fn renew_subscription(
        self: &Rc<Self>,
        id: RegistrationId,
        old: &PushSubscription,
    ) -> Result<JoinHandle<EventOutcome>, StorageError> {
        let new = self.new_subscription(id, old.options.clone())?;
        Ok(self.tell_subscription_change(id, Some(&new), old))
    }

    /// <https://w3c.github.io/push-api/#the-pushsubscriptionchange-event>
    fn tell_subscription_change(
        self: &Rc<Self>,
        id: RegistrationId,
        new: Option<&PushSubscription>,
        old: &PushSubscription,
    ) -> JoinHandle<EventOutcome> {
        let event = EventInit::PushSubscriptionChange {
            new: new.map(PushSubscriptionView::from),
            old: Some(old.into()),
        };
        let (core, work) = (Rc::clone(self), self.begin_work());
        tokio::task::spawn_local(async move {
            let outcome = core.fire_functional(id, event).await;
            drop(work);
            outcome
        })
    }

    /// Takes a message: when this returns it is on disk.
    fn take_push(self: &Rc<Self>, message: PushMessage) -> Result<PushReceipt, Error> {
        let now = self.clock.now();
        let (id, accepted) = match message {
            PushMessage::Encrypted(request) => {
                let (id, subscription) = self
                    .subscription_at(request.endpoint.as_str())
                    .ok_or_else(|| PushRefusal::of_unknown(&request.endpoint))?;
                (id, request.accept(&subscription, now)?)
            }
            PushMessage::Plain { scope, data, ttl } => {
                let topic = None;
                let accepted = AcceptedPush { data, ttl, topic };
                (self.require_scope(&scope)?.id, accepted)
            }
        };
        let ttl = accepted.ttl;
        let number = self.storage.queue_push(id, &accepted, now.plus(ttl))?;
        if self.connectivity.is_online() {
            self.deliver_pushes(id);
        } else if let Some(registration) = self.registration(id) {
            self.publish(HostEventKind::Push(PushEvent::Queued {
                scope: registration.scope,
            }));
        }
        Ok(PushReceipt { id: number, ttl })
    }

    /// The network is there: what waits and is not too old is delivered.
    pub(super) fn deliver_waiting_pushes(self: &Rc<Self>) {
        if !self.connectivity.is_online() {
            return;
        }
        let waiting = self.storage.remove_expired_pushes(self.clock.now());
        let waiting = waiting.and_then(|expired| {
            for registration in expired.into_iter().filter_map(|id| self.registration(id)) {
                self.publish(HostEventKind::Push(PushEvent::Expired {
                    scope: registration.scope,
                }));
            }
            self.storage.waiting_pushes()
        });
        match waiting {
            Ok(waiting) => waiting
                .into_iter()
                .for_each(|(id, _)| self.deliver_pushes(id)),
            Err(error) => self.report_storage(Err(error)),
        }
    }

    /// Delivers what waits for a registration, unless that is under way.
    fn deliver_pushes(self: &Rc<Self>, id: RegistrationId) {
        if !self.delivering.borrow_mut().insert(id) {
            return;
        }
        let core = Rc::clone(self);
        let work = self.begin_work();
        tokio::task::spawn_local(async move {
            let result = core.deliver_in_order(id).await;
            core.delivering.borrow_mut().remove(&id);
            core.report_storage(result);
            drop(work);
        });
    }

    /// What cannot be marked on disk as being delivered, or as delivered, ends the round: nothing is delivered twice
    /// without need.
    ///
    /// Differs from the spec, which recommends three attempts: as in browsers, a message whose handler failed is not
    /// delivered again.
    async fn deliver_in_order(self: &Rc<Self>, id: RegistrationId) -> Result<(), StorageError> {
        while self.connectivity.is_online() && !self.is_ending.get() {
            let Some(message) = self.storage.next_push(id)? else {
                break;
            };
            if message.is_given_up() {
                self.give_up_push(id, &message)?;
                continue;
            }
            self.storage.begin_push(message.id)?;
            let outcome = self.send_push(id, message.data).await;
            if self.is_ending.get() && !outcome.is_success() {
                // Cut off by the end of the host: the next start delivers it.
                return self.storage.undo_begin_push(message.id);
            }
            self.storage.remove_push(message.id)?;
        }
        Ok(())
    }

    fn give_up_push(&self, id: RegistrationId, message: &QueuedPush) -> Result<(), StorageError> {
        self.storage.remove_push(message.id)?;
        if let Some(registration) = self.registration(id) {
            self.publish(HostEventKind::Push(PushEvent::GivenUp {
                scope: registration.scope,
                deliveries: message.deliveries,
            }));
        }
        Ok(())
    }

    /// Fires a `push` event. <https://w3c.github.io/push-api/#receiving-a-push-message>
    async fn send_push(self: &Rc<Self>, id: RegistrationId, data: Option<Vec<u8>>) -> EventOutcome {
        let Some(registration) = self.registration(id) else {
            return EventOutcome::FailedToStart("the registration is gone".to_owned());
        };
        self.publish(HostEventKind::Push(PushEvent::Started {
            scope: registration.scope.clone(),
            bytes: data.as_ref().map(Vec::len),
        }));
        let shown_before = self.notifications.borrow().count(id);
        let outcome = self.fire_functional(id, EventInit::Push(data)).await;
        let has_shown = self.notifications.borrow().count(id) > shown_before;
        self.publish(HostEventKind::Push(PushEvent::Ended {
            is_broken_promise: !has_shown && self.has_promised_to_show(id, &registration.origin),
            scope: registration.scope,
            outcome: outcome.clone(),
        }));
        outcome
    }

    /// Whether the registration was subscribed with `userVisibleOnly`, and no page is open that the user sees instead.
    fn has_promised_to_show(&self, id: RegistrationId, origin: &str) -> bool {
        let subscriptions = self.push_subscriptions.borrow();
        let subscription = subscriptions.get(&id);
        subscription.is_some_and(|subscription| subscription.options.user_visible_only)
            && !self.scopes.borrow().clients().any(|client| {
                client.is_visible && client.url.origin().ascii_serialization() == origin
            })
    }
}

impl Host {
    /// Hands in a message for a worker. When this returns the message is on disk; it is delivered as soon as there is a
    /// network, in the order of the messages of its registration, and what that comes to is an
    /// [event](crate::HostEventKind::PushEnded).
    pub async fn deliver_push(&self, message: PushMessage) -> Result<PushReceipt, Error> {
        self.call(move |core| async move { core.take_push(message) })
            .await
    }

    /// Fires a `push` event now, and waits for its outcome.
    ///
    /// Like the button in a browser's developer tools it needs no subscription, and is refused while the host is
    /// offline.
    pub async fn dispatch_push(
        &self,
        scope: &Url,
        data: Option<Vec<u8>>,
    ) -> Result<EventOutcome, Error> {
        let scope = scope.clone();
        self.call(move |core| async move {
            let registration = core.require_scope(&scope)?;
            if !core.connectivity.is_online() {
                return Err(Error::Offline);
            }
            Ok(core.send_push(registration.id, data).await)
        })
        .await
    }

    /// Gives a registration another push subscription in the place of the one it has, as a push service does now and
    /// then, and waits for the outcome of `pushsubscriptionchange`. The endpoint that it had is gone.
    pub async fn renew_push_subscription(&self, scope: &Url) -> Result<EventOutcome, Error> {
        let scope = scope.clone();
        self.call(move |core| async move {
            let registration = core.require_scope(&scope)?;
            let old = core
                .push_subscriptions
                .borrow()
                .get(&registration.id)
                .cloned();
            let old = old.ok_or(Error::NotSubscribed(scope))?;
            let told = core.renew_subscription(registration.id, &old)?.await;
            Ok(told.unwrap_or(EventOutcome::Terminated))
        })
        .await
    }
}
