//! Frames: nested clients, which live in the scope of the page that opened them.
//! Loading one is a navigation: <https://html.spec.whatwg.org/multipage/browsing-the-web.html#create-navigation-params-by-fetching>

use std::rc::Rc;

use tokio::sync::oneshot;
use url::Url;
use uuid::Uuid;

use crate::host::builder::HostBuilder;
use crate::host::core::Core;
use crate::host::error::Error;
use crate::host::handle_fetch::Handled;
use crate::host::requests::Asker;
use crate::host::scope_thread::Command;
use crate::host::scopes::{Scope, Scopes};
use crate::network::{
    CredentialsMode, MAX_REDIRECTS, NetworkError, RedirectMode, Request, RequestMode, Response,
    location_url, referrer_policy_of, settle_accept, settle_referrer,
};
use crate::service_worker::scope::is_potentially_trustworthy;
use crate::service_worker::{Client, ClientId, ClientType, FrameType, RegistrationId};
use crate::web::frame::{FrameNavigation, FrameRequest, FrameView};
use crate::web::host_port::ContextId;
use crate::web::view::WorkerView;

/// What a navigation leaves behind, whatever comes of it.
struct Course {
    /// The name of the client that is to be, which workers have heard already.
    id: String,
    /// Whose workers were in charge.
    in_charge: Vec<RegistrationId>,
    /// The frame around this one, if it does not lie in the page itself.
    around: Option<ContextId>,
}

/// What a navigation came to, before a client is made of it.
struct Loaded {
    url: Url,
    registration: Option<RegistrationId>,
    response: Response,
}

impl HostBuilder {
    /// Gives the scripts of every client a global function `openFrame(url)`, which opens a frame in the page. Without
    /// it they see nothing of frames, and [`Client::open_frame`](crate::Client::open_frame) opens them all the same.
    #[must_use]
    pub fn frames(mut self) -> Self {
        self.settings.opens_frames = true;
        self
    }

    /// Gives every frame that has been loaded something to run: a function expression, evaluated with the frame's
    /// window as its global. It is called with `{ text, contentType }` of what came, and the frame counts as loaded when
    /// what it returns has settled. Without it frames run nothing of their own.
    #[must_use]
    pub fn frame_script(mut self, function: impl Into<String>) -> Self {
        self.settings.frame_script = Some(function.into());
        self
    }
}

impl Scope {
    /// Its own origin, and those around it.
    fn origins_from_here(&self) -> Vec<String> {
        let around = self
            .client()
            .map_or(&[][..], |client| &client.ancestor_origins);
        [std::slice::from_ref(&self.origin), around].concat()
    }
}

impl Scopes {
    /// The page of a frame; any other scope is its own.
    pub(super) fn page_of(&self, id: ContextId) -> ContextId {
        self.get(id).and_then(|scope| scope.page).unwrap_or(id)
    }

    /// The frames of a page.
    pub(super) fn frames_of(&self, page: ContextId) -> Vec<ContextId> {
        self.iter()
            .filter(|(_, scope)| scope.page == Some(page))
            .map(|(id, _)| id)
            .collect()
    }
}

impl Core {
    pub(super) fn answer_frame(self: &Rc<Self>, asker: Asker, request: FrameRequest) {
        match request {
            FrameRequest::Navigate(navigation, reply) => {
                let core = Rc::clone(self);
                let work = self.begin_work();
                tokio::task::spawn_local(async move {
                    let view = core.navigate_frame(&asker, navigation).await;
                    // The page may be gone.
                    let _ = reply.send(Ok(view));
                    drop(work);
                });
            }
            FrameRequest::Close => {
                self.end_frame(asker.context);
            }
            FrameRequest::Focus => self.focus(asker.context),
        }
    }

    /// Shows an address in a frame of a page, or in a new one; gives the client that is shown.
    pub(super) async fn show_in_frame(
        &self,
        page: ContextId,
        frame: Option<ContextId>,
        url: Url,
    ) -> Result<(ContextId, String), Error> {
        let (result, shown) = oneshot::channel();
        let command = Command::ShowInFrame { frame, url, result };
        self.scopes.borrow().send(page, command);
        let json = shown.await.map_err(|_| Error::ClientClosed)?;
        let (number, id) = serde_json::from_str(&json.map_err(Error::Script)?)?;
        Ok((ContextId(number), id))
    }

    /// Removes a frame; gives whether it is one.
    pub(super) fn end_frame(self: &Rc<Self>, context: ContextId) -> bool {
        let is_frame = self
            .scopes
            .borrow()
            .get(context)
            .is_some_and(|scope| scope.page.is_some());
        if is_frame {
            self.scope_ended(context, None);
        }
        is_frame
    }

    async fn navigate_frame(
        self: &Rc<Self>,
        asker: &Asker,
        navigation: FrameNavigation,
    ) -> FrameView {
        let address = navigation.url.clone();
        let replaced = navigation.replaced;
        let mut course = Course {
            id: Uuid::new_v4().to_string(),
            in_charge: Vec::new(),
            around: navigation.around,
        };
        let loaded = self.load_frame(asker, navigation, &mut course).await;
        let view = match loaded {
            Ok(loaded) => self.show_frame(asker, loaded, &course).await,
            Err(error) => {
                self.discard_reserved(&course.id);
                tracing::debug!(%address, %error, "a frame was not loaded");
                FrameView {
                    url: address.to_string(),
                    ..FrameView::default()
                }
            }
        };
        // After the new client is there: a worker that waits is not to be activated by a reload.
        if let Some(replaced) = replaced {
            self.end_frame(replaced);
        }
        // As in browsers, an update is looked for when the page has been loaded, whatever came of it.
        for registration in course.in_charge {
            self.soft_update(registration);
        }
        view
    }

    /// Follows redirects, each through the worker in charge of its address, to the response that is shown.
    async fn load_frame(
        self: &Rc<Self>,
        asker: &Asker,
        navigation: FrameNavigation,
        course: &mut Course,
    ) -> Result<Loaded, NetworkError> {
        let mut url = navigation.url.clone();
        if url.scheme() == "about" {
            return Ok(Loaded {
                url,
                registration: asker.controller(),
                response: Response::new(200),
            });
        }
        for _ in 0..=MAX_REDIRECTS {
            let registration = Some(&url)
                .filter(|url| is_potentially_trustworthy(url))
                .and_then(|url| self.matching_registration_id(url));
            course.in_charge.extend(registration);
            let request = navigation_request(asker, &navigation, url.clone());
            let response = self.fetch_page(registration, request, &course.id).await?;
            let base = response.url().unwrap_or(&url);
            match location_url(&response, base).transpose()? {
                None => {
                    return Ok(Loaded {
                        url,
                        registration,
                        response,
                    });
                }
                Some(next) => {
                    // A client keeps its name as long as it stays in its origin.
                    if next.origin() != url.origin() {
                        self.discard_reserved(&course.id);
                        course.id = Uuid::new_v4().to_string();
                    }
                    url = next;
                }
            }
        }
        Err(NetworkError::TooManyRedirects(MAX_REDIRECTS))
    }

    /// One request for a page, by way of the worker in charge of it.
    async fn fetch_page(
        self: &Rc<Self>,
        registration: Option<RegistrationId>,
        request: Request,
        resulting_client: &str,
    ) -> Result<Response, NetworkError> {
        let Some(registration) = registration else {
            return self.network.fetch(request).await;
        };
        self.reserved_clients
            .borrow_mut()
            .insert(resulting_client.to_owned());
        let client = resulting_client.to_owned();
        match self
            .handle_fetch(registration, request, String::new(), client)
            .await?
        {
            Handled::Response(response) => Ok(response),
            Handled::PassedThrough(request) => self.network.fetch(request).await,
        }
    }

    /// The client that was to be is not any more, or is there.
    fn discard_reserved(&self, id: &str) {
        if self.reserved_clients.borrow_mut().remove(id) {
            self.touch();
        }
    }

    /// Makes a client of what was loaded.
    async fn show_frame(
        self: &Rc<Self>,
        asker: &Asker,
        loaded: Loaded,
        course: &Course,
    ) -> FrameView {
        let Loaded {
            url,
            registration,
            response,
        } = loaded;
        let status = response.status;
        let content_type = response.header("content-type").unwrap_or_default();
        let content_type = String::from_utf8_lossy(content_type).into_owned();
        let referrer_policy = referrer_policy_of(&response.headers);
        // What has arrived of a body that breaks off would be shown; here it is all or nothing.
        let body = response.body.collect().await.unwrap_or_default();
        let controller = registration.and_then(|id| {
            let active =
                self.update_registration(id, |found| found.active.as_ref().map(WorkerView::from));
            Some((id, active.flatten()?))
        });
        let origin = if url.scheme() == "about" {
            asker.origin.clone()
        } else {
            url.origin().ascii_serialization()
        };
        let mut scopes = self.scopes.borrow_mut();
        let page = scopes.page_of(asker.context);
        let around = scopes.get(course.around.unwrap_or(page));
        let ancestor_origins = around.map(Scope::origins_from_here).unwrap_or_default();
        let client = Client {
            id: ClientId(course.id.clone()),
            url: url.clone(),
            kind: ClientType::Window,
            frame_type: FrameType::Nested,
            ancestor_origins,
            controller: controller.as_ref().map(|(registration, _)| *registration),
            is_visible: true,
            is_focused: false,
            last_focus: None,
            created: scopes.next_client(),
        };
        let context = scopes.add_frame(page, client, origin.clone());
        drop(scopes);
        self.discard_reserved(&course.id);
        FrameView {
            number: context.map_or(0, |ContextId(number)| number),
            id: course.id.clone(),
            url: url.to_string(),
            origin,
            controller: controller.map(|(_, worker)| worker),
            status,
            content_type,
            referrer_policy: referrer_policy.unwrap_or_default(),
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// <https://html.spec.whatwg.org/multipage/browsing-the-web.html#create-navigation-params-by-fetching>
fn navigation_request(asker: &Asker, navigation: &FrameNavigation, url: Url) -> Request {
    let mut request = Request {
        mode: RequestMode::Navigate,
        credentials: CredentialsMode::Include,
        redirect: RedirectMode::Manual,
        client_url: asker.url.to_string(),
        destination: "iframe".to_owned(),
        referrer_policy: navigation.referrer_policy,
        is_reload: navigation.is_reload,
        partition: url.origin().ascii_serialization().into(),
        ..Request::new("GET", url, &asker.origin)
    };
    settle_accept(&mut request);
    settle_referrer(&mut request);
    request
}
