//! Notifications: which are shown, what becomes of a click, and when they go.
//! <https://notifications.spec.whatwg.org/>
//!
//! There is no screen here: the embedder hears what is shown, and says when somebody clicks or closes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::host::Host;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::host::event::HostEventKind;
use crate::host::permissions::Permission;
use crate::host::push_event::NotificationEvent;
use crate::host::requests::Asker;
use crate::notification::Notification;
use crate::service_worker::{EventOutcome, RegistrationId};
use crate::storage::{Durability, Storage, StorageError, StoredNotification};
use crate::web::error::WebError;
use crate::web::event::{EventInit, Notice};
use crate::web::host_port::ContextId;
use crate::web::notifications::{NotificationNews, NotificationRequest, ShownNotification};

/// A notification that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationStatus {
    /// Its number, by which it is clicked and closed. Never used twice in a data folder.
    pub id: i64,
    /// The origin that shows it.
    pub origin: String,
    /// The scope of the registration that shows it; `None` if a page does, with `new Notification()`.
    pub scope: Option<Url>,
    /// What is to be seen.
    #[serde(flatten)]
    pub content: Notification,
}

impl NotificationStatus {
    /// What the data folder of a host says while no host runs on it.
    pub fn read(data_folder: &Path) -> Result<Vec<Self>, Error> {
        if !data_folder.join(Storage::FILE_NAME).exists() {
            return Err(Error::NoData(data_folder.to_owned()));
        }
        let storage = Storage::open(data_folder, Durability::Relaxed)?;
        let registrations = storage.load_registrations()?;
        let mut shown = Vec::new();
        for stored in storage.load_notifications()? {
            let owner = registrations.iter().find(|it| it.id == stored.registration);
            if let Some(owner) = owner {
                shown.push(Self {
                    id: stored.id,
                    origin: owner.origin.clone(),
                    scope: Some(owner.scope.clone()),
                    content: stored.content,
                });
            }
        }
        Ok(shown)
    }
}

/// Why a notification is not shown any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEnd {
    /// A script closed it.
    Script,
    /// Somebody closed it: [`Host::close_notification`].
    User,
    /// Another one with its tag is shown instead.
    Replaced,
    /// Its registration is gone.
    Unregistered,
    /// The page that showed it is gone.
    PageClosed,
}

/// Who shows a notification, and hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Registration(RegistrationId),
    Page(ContextId),
}

#[derive(Debug, Clone)]
struct Shown {
    owner: Owner,
    origin: String,
    scope: Option<Url>,
    content: Notification,
    data: Vec<u8>,
}

/// The list of notifications, by number.
#[derive(Default)]
pub(super) struct Notifications {
    shown: BTreeMap<i64, Shown>,
    /// How many each registration has ever shown in this run.
    counts: BTreeMap<RegistrationId, u64>,
}

impl Notifications {
    /// How many a registration has shown since the host started.
    pub(super) fn count(&self, registration: RegistrationId) -> u64 {
        self.counts.get(&registration).copied().unwrap_or(0)
    }

    fn ids_of(&self, owner: Owner) -> Vec<i64> {
        self.ids(|shown| shown.owner == owner)
    }

    fn ids(&self, is_meant: impl Fn(&Shown) -> bool) -> Vec<i64> {
        let meant = self.shown.iter().filter(|(_, shown)| is_meant(shown));
        meant.map(|(id, _)| *id).collect()
    }
}

impl Shown {
    fn status(&self, id: i64) -> NotificationStatus {
        NotificationStatus {
            id,
            origin: self.origin.clone(),
            scope: self.scope.clone(),
            content: self.content.clone(),
        }
    }

    fn for_script(&self, id: i64) -> ShownNotification {
        ShownNotification {
            id,
            content: self.content.clone(),
            data: self.data.clone(),
        }
    }
}

impl Core {
    pub(super) fn answer_notifications(
        self: &Rc<Self>,
        asker: &Asker,
        question: NotificationRequest,
    ) {
        match question {
            NotificationRequest::Permission(reply) => {
                let state = self.permission_state(&asker.origin, Permission::Notifications);
                let _ = reply.send(Ok(state.as_str()));
            }
            NotificationRequest::RequestPermission(mut reply) => {
                let (core, origin) = (Rc::clone(self), asker.origin.clone());
                tokio::task::spawn_local(async move {
                    let state = tokio::select! {
                        state = core.request_permission(&origin, Permission::Notifications) => state,
                        // The page is gone.
                        () = reply.closed() => return,
                    };
                    let _ = reply.send(Ok(state.as_str()));
                });
            }
            NotificationRequest::Show(content, reply) => {
                let _ = reply.send(self.show_for_page(asker, content));
            }
            NotificationRequest::ShowForRegistration {
                registration,
                content,
                data,
                reply,
            } => {
                let id = RegistrationId(registration);
                let _ = reply.send(self.show_for_registration(id, content, data));
            }
            NotificationRequest::GetAll {
                registration,
                tag,
                reply,
            } => {
                let id = RegistrationId(registration);
                let _ = reply.send(Ok(self.notifications_of(id, &tag)));
            }
            NotificationRequest::Close(id) => {
                self.end_notification(id, NotificationEnd::Script);
            }
        }
    }

    /// Whether an origin may show notifications and subscribe to push messages.
    pub(super) fn may_notify(&self, origin: &str) -> bool {
        self.is_granted(origin, Permission::Notifications)
    }

    fn show_for_page(&self, asker: &Asker, content: Notification) -> Result<i64, WebError> {
        let shown = Shown {
            owner: Owner::Page(asker.context),
            origin: asker.origin.clone(),
            scope: None,
            content,
            data: Vec::new(),
        };
        self.show_notification(shown)
    }

    /// <https://notifications.spec.whatwg.org/#dom-serviceworkerregistration-shownotification>
    fn show_for_registration(
        &self,
        id: RegistrationId,
        content: Notification,
        data: Vec<u8>,
    ) -> Result<(), WebError> {
        let registration = self
            .registration(id)
            .filter(|registration| registration.active.is_some())
            .ok_or_else(|| {
                WebError::Type(
                    "No active registration available on the ServiceWorkerRegistration.".to_owned(),
                )
            })?;
        let shown = Shown {
            owner: Owner::Registration(id),
            origin: registration.origin,
            scope: Some(registration.scope),
            content,
            data,
        };
        self.show_notification(shown)?;
        let mut notifications = self.notifications.borrow_mut();
        *notifications.counts.entry(id).or_default() += 1;
        Ok(())
    }

    /// <https://notifications.spec.whatwg.org/#notification-show-steps>
    fn show_notification(&self, new: Shown) -> Result<i64, WebError> {
        if !self.may_notify(&new.origin) {
            return Err(WebError::Type(
                "No notification permission has been granted for this origin.".to_owned(),
            ));
        }
        let replaced = self
            .notifications
            .borrow()
            .ids(|shown| shown.origin == new.origin && new.content.replaces(&shown.content));
        let id = self.storage.next_id()?;
        if let Owner::Registration(registration) = new.owner {
            let stored = StoredNotification {
                id,
                registration,
                content: new.content.clone(),
                data: new.data.clone(),
            };
            self.storage.save_notification(&stored, &replaced)?;
        }
        for old in replaced {
            self.end_notification(old, NotificationEnd::Replaced);
        }
        let status = new.status(id);
        self.notifications.borrow_mut().shown.insert(id, new);
        self.publish(HostEventKind::Notification(NotificationEvent::Shown(
            Box::new(status),
        )));
        Ok(id)
    }

    fn notifications_of(&self, id: RegistrationId, tag: &str) -> Vec<ShownNotification> {
        let notifications = self.notifications.borrow();
        notifications
            .shown
            .iter()
            .filter(|(_, shown)| shown.owner == Owner::Registration(id))
            .filter(|(_, shown)| tag.is_empty() || shown.content.tag == tag)
            .map(|(id, shown)| shown.for_script(*id))
            .collect()
    }

    /// A notification is not shown any more; whoever shows it hears that, if it is a page.
    fn end_notification(&self, id: i64, end: NotificationEnd) -> Option<Shown> {
        let shown = self.notifications.borrow_mut().shown.remove(&id)?;
        match shown.owner {
            // The rows of a registration go with it.
            Owner::Registration(_) if end == NotificationEnd::Unregistered => {}
            Owner::Registration(_) => self.report_storage(self.storage.remove_notification(id)),
            Owner::Page(context) => {
                self.notify(context, Notice::Notification(id, NotificationNews::Close));
            }
        }
        self.publish(HostEventKind::Notification(NotificationEvent::Closed {
            id,
            origin: shown.origin.clone(),
            scope: shown.scope.clone(),
            title: shown.content.title.clone(),
            by: end,
        }));
        Some(shown)
    }

    /// A registration is gone, and its notifications with it.
    pub(super) fn forget_notifications(&self, id: RegistrationId) {
        let ids = self.notifications.borrow().ids_of(Owner::Registration(id));
        for id in ids {
            self.end_notification(id, NotificationEnd::Unregistered);
        }
        self.notifications.borrow_mut().counts.remove(&id);
    }

    /// A page is gone. In a browser its notifications might stay, but nobody would hear of a click on them.
    pub(super) fn forget_notifications_of_page(&self, context: ContextId) {
        let ids = self.notifications.borrow().ids_of(Owner::Page(context));
        for id in ids {
            self.end_notification(id, NotificationEnd::PageClosed);
        }
    }

    /// Takes up what a previous run showed.
    pub(super) fn load_notifications(&self) -> Result<(), StorageError> {
        for stored in self.storage.load_notifications()? {
            let Some(registration) = self.registration(stored.registration) else {
                continue;
            };
            let shown = Shown {
                owner: Owner::Registration(stored.registration),
                origin: registration.origin,
                scope: Some(registration.scope),
                content: stored.content,
                data: stored.data,
            };
            let mut notifications = self.notifications.borrow_mut();
            notifications.shown.insert(stored.id, shown);
        }
        Ok(())
    }

    fn require_notification(&self, id: i64) -> Result<Shown, Error> {
        let notifications = self.notifications.borrow();
        let shown = notifications.shown.get(&id).cloned();
        shown.ok_or_else(|| Error::UnknownNotification {
            asked: id,
            known: notifications.shown.keys().copied().collect(),
        })
    }

    /// <https://notifications.spec.whatwg.org/#activating-a-notification>
    async fn click_notification(
        self: &Rc<Self>,
        id: i64,
        action: String,
    ) -> Result<EventOutcome, Error> {
        let shown = self.require_notification(id)?;
        let actions = &shown.content.actions;
        if !action.is_empty() && actions.iter().all(|known| known.action != action) {
            return Err(Error::UnknownAction {
                asked: action,
                known: actions.iter().map(|known| known.action.clone()).collect(),
            });
        }
        self.publish(HostEventKind::Notification(NotificationEvent::Clicked {
            id,
            origin: shown.origin.clone(),
            scope: shown.scope.clone(),
            title: shown.content.title.clone(),
            action: action.clone(),
        }));
        match shown.owner {
            Owner::Page(context) => {
                self.notify(context, Notice::Notification(id, NotificationNews::Click));
                Ok(EventOutcome::Fulfilled)
            }
            Owner::Registration(registration) => {
                let notification = Box::new(shown.for_script(id));
                let event = EventInit::NotificationClick {
                    notification,
                    action,
                };
                Ok(self.fire_functional(registration, event).await)
            }
        }
    }

    async fn close_notification(self: &Rc<Self>, id: i64) -> Result<EventOutcome, Error> {
        self.require_notification(id)?;
        let ended = self.end_notification(id, NotificationEnd::User);
        match ended {
            Some(shown) => match shown.owner {
                Owner::Page(_) => Ok(EventOutcome::Fulfilled),
                Owner::Registration(registration) => {
                    let event = EventInit::NotificationClose(Box::new(shown.for_script(id)));
                    Ok(self.fire_functional(registration, event).await)
                }
            },
            None => Ok(EventOutcome::Fulfilled),
        }
    }
}

impl Host {
    /// Every notification that is shown, the oldest first.
    pub async fn notifications(&self) -> Result<Vec<NotificationStatus>, Error> {
        self.call(|core| async move {
            let notifications = core.notifications.borrow();
            let shown = notifications.shown.iter();
            Ok(shown.map(|(id, shown)| shown.status(*id)).collect())
        })
        .await
    }

    /// Clicks a notification, or one of its buttons by the name of its action, and waits for the outcome of
    /// `notificationclick`. The worker may then open or focus one window.
    ///
    /// A page that shows a notification gets `click`; that is not waited for.
    pub async fn click_notification(
        &self,
        id: i64,
        action: Option<&str>,
    ) -> Result<EventOutcome, Error> {
        let action = action.unwrap_or_default().to_owned();
        self.call(move |core| async move { core.click_notification(id, action).await })
            .await
    }

    /// Closes a notification as a user does, and waits for the outcome of `notificationclose`.
    ///
    /// A page that shows a notification gets `close`; that is not waited for.
    pub async fn close_notification(&self, id: i64) -> Result<EventOutcome, Error> {
        self.call(move |core| async move { core.close_notification(id).await })
            .await
    }
}
