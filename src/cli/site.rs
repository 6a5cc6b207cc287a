//! What the arguments of `landfall run` mean as addresses: the origin, who answers for it, the script,
//! the scope and the pages. Reads file names, fetches nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use url::Url;

use crate::cli::UsageError;
use crate::cli::args::RunArgs;
use crate::network::origin::OriginServer;

/// Where a folder is a site if nothing else is said: a secure context on every machine.
const LOCAL_ORIGIN: &str = "https://localhost";

/// A site and what runs on it.
#[derive(Debug)]
pub(super) struct Site {
    /// Any address of the origin.
    pub(super) origin: Url,
    /// Who answers requests to it.
    pub(super) server: OriginServer,
    /// The worker's script.
    pub(super) script: Url,
    /// The scope, if it was given.
    pub(super) scope: Option<Url>,
    /// The pages, in order.
    pub(super) pages: Vec<Page>,
}

/// A script to run as a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The address of the page.
    pub(super) url: Url,
    /// Where its script is, if that is a file.
    pub(super) file: Option<PathBuf>,
}

impl Site {
    /// Reads the arguments together.
    pub(super) fn of(args: &RunArgs) -> anyhow::Result<Self> {
        let (origin, server, script, root) = if let Some(script) = as_address(&args.script) {
            at_address(args, script)?
        } else if let Some(upstream) = &args.upstream {
            at_upstream(args, upstream)?
        } else {
            in_folder(args)?
        };
        let scope = match &args.scope {
            Some(text) => Some(
                script
                    .join(text)
                    .with_context(|| format!("`{text}` is no scope"))?,
            ),
            None => None,
        };
        let place = scope.clone().unwrap_or_else(|| folder_of(&script));
        let pages = args.pages.iter();
        let pages = pages
            .map(|text| page(text, root.as_deref(), &origin, &place))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            origin,
            server,
            script,
            scope,
            pages,
        })
    }
}

type Place = (Url, OriginServer, Url, Option<PathBuf>);

fn at_address(args: &RunArgs, script: Url) -> anyhow::Result<Place> {
    if args.origin.is_some() {
        let reason = "--origin is for a SCRIPT that is a file; an address has its own".to_owned();
        bail!(UsageError(reason));
    }
    let (server, root) = match (&args.upstream, &args.root) {
        (Some(upstream), _) => (OriginServer::Upstream(upstream.clone()), None),
        (None, Some(root)) => {
            let root = existing_folder(root)?;
            (folder_server(args, root.clone()), Some(root))
        }
        (None, None) => (OriginServer::Network, None),
    };
    Ok((script.clone(), server, script, root))
}

fn at_upstream(args: &RunArgs, upstream: &Url) -> anyhow::Result<Place> {
    let origin = origin_of(args)?;
    let script = origin
        .join(&args.script.replace('\\', "/"))
        .with_context(|| format!("`{}` is no path on the upstream", args.script))?;
    Ok((
        origin,
        OriginServer::Upstream(upstream.clone()),
        script,
        None,
    ))
}

fn in_folder(args: &RunArgs) -> anyhow::Result<Place> {
    let file = existing_file(&args.script)?;
    let root = match &args.root {
        Some(root) => existing_folder(root)?,
        None => file
            .parent()
            .context("a script cannot be a root folder")?
            .to_path_buf(),
    };
    let origin = origin_of(args)?;
    let Some(script) = address_in(&root, &file, &origin) else {
        bail!(UsageError(format!(
            "the script `{}` is not in the folder of --root, `{}`",
            file.display(),
            root.display()
        )));
    };
    Ok((
        origin,
        folder_server(args, root.clone()),
        script,
        Some(root),
    ))
}

fn folder_server(args: &RunArgs, root: PathBuf) -> OriginServer {
    OriginServer::Folder {
        root,
        accept: args.accept.clone(),
    }
}

fn origin_of(args: &RunArgs) -> anyhow::Result<Url> {
    match &args.origin {
        Some(origin) => Ok(origin.clone()),
        None => Url::parse(LOCAL_ORIGIN).context("the default origin is an address"),
    }
}

/// A page's script in the site has its address there; one from elsewhere is put into the scope.
fn page(text: &str, root: Option<&Path>, origin: &Url, scope: &Url) -> anyhow::Result<Page> {
    if let Some(url) = as_address(text) {
        return Ok(Page { url, file: None });
    }
    let file = existing_file(text)?;
    let url = match root.and_then(|root| address_in(root, &file, origin)) {
        Some(url) => url,
        None => {
            let name = file
                .file_name()
                .context("a page is a file")?
                .to_string_lossy();
            let mut url = folder_of(scope);
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().push(&name);
            }
            url
        }
    };
    Ok(Page {
        url,
        file: Some(file),
    })
}

fn as_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

fn folder_of(url: &Url) -> Url {
    url.join(".").unwrap_or_else(|_| url.clone())
}

/// The address of a file of the site; `None` outside of it.
fn address_in(root: &Path, file: &Path, origin: &Url) -> Option<Url> {
    let below = file.strip_prefix(root).ok()?;
    let mut url = origin.clone();
    let names = below.iter().map(|name| name.to_string_lossy().into_owned());
    url.path_segments_mut().ok()?.clear().extend(names);
    Some(url)
}

fn existing_file(text: &str) -> anyhow::Result<PathBuf> {
    if text.contains("://") {
        let reason = format!(
            "`{text}` is neither a file nor an address that begins with https:// or http://"
        );
        bail!(UsageError(reason));
    }
    let file = real_path(Path::new(text)).with_context(|| format!("cannot read `{text}`"))?;
    if !file.is_file() {
        bail!("cannot read `{text}`: it is not a file");
    }
    Ok(file)
}

fn existing_folder(path: &Path) -> anyhow::Result<PathBuf> {
    let folder = real_path(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    if !folder.is_dir() {
        bail!("`{}` is not a folder", path.display());
    }
    Ok(folder)
}

/// The real path, so that prefixes can be compared.
fn real_path(path: &Path) -> std::io::Result<PathBuf> {
    path.canonicalize()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn site(folder: &Path, words: &[&str]) -> anyhow::Result<Site> {
        let in_folder = |word: &&str| match word.strip_prefix("@") {
            Some(name) => folder.join(name).to_string_lossy().into_owned(),
            None => (*word).to_owned(),
        };
        let line = ["landfall", "run"].map(str::to_owned).into_iter();
        match Cli::parse_from(line.chain(words.iter().map(in_folder))).command {
            Command::Run(args) => Site::of(&args),
            other => panic!("parsed as {other:?}"),
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["app", "other"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["app/sw.js", "app/the page.js", "other/page.js"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_file_is_served_from_its_folder_on_localhost() {
        let folder = folder();
        let site = site(folder.path(), &["@app/sw.js", "--page", "@app/the page.js"]).unwrap();
        assert_eq!(site.script.as_str(), "https://localhost/sw.js");
        assert_eq!(
            site.pages[0].url.as_str(),
            "https://localhost/the%20page.js"
        );
        assert!(matches!(site.server, OriginServer::Folder { root, .. } if root.ends_with("app")));
    }

    #[test]
    fn a_wider_root_shows_in_the_address() {
        let folder = folder();
        let words = [
            "@app/sw.js",
            "--root",
            "@",
            "--page",
            "@other/page.js",
            "--origin",
            "https://app.example",
        ];
        let site = site(folder.path(), &words).unwrap();
        assert_eq!(site.script.as_str(), "https://app.example/app/sw.js");
        assert_eq!(
            site.pages[0].url.as_str(),
            "https://app.example/other/page.js"
        );
    }

    #[test]
    fn a_page_from_elsewhere_is_put_into_the_scope() {
        let folder = folder();
        let words = [
            "@app/sw.js",
            "--page",
            "@other/page.js",
            "--scope",
            "/shop/",
        ];
        let site = site(folder.path(), &words).unwrap();
        assert_eq!(site.scope.unwrap().as_str(), "https://localhost/shop/");
        assert_eq!(site.pages[0].url.as_str(), "https://localhost/shop/page.js");
    }

    #[test]
    fn an_address_is_its_own_origin_on_the_network() {
        let folder = folder();
        let site = site(
            folder.path(),
            &["https://app.example/js/sw.js", "--scope", "./"],
        )
        .unwrap();
        assert!(matches!(site.server, OriginServer::Network));
        assert_eq!(site.scope.unwrap().as_str(), "https://app.example/js/");
    }

    #[test]
    fn with_an_upstream_the_script_is_a_path_there() {
        let folder = folder();
        let site = site(
            folder.path(),
            &["/js/sw.js", "--upstream", "http://backend:8080"],
        )
        .unwrap();
        assert_eq!(site.script.as_str(), "https://localhost/js/sw.js");
        assert!(matches!(site.server, OriginServer::Upstream(_)));
    }

    #[test]
    fn what_does_not_fit_together_is_a_usage_error() {
        let folder = folder();
        let outside = site(folder.path(), &["@app/sw.js", "--root", "@other"]).unwrap_err();
        let twice = [
            "https://app.example/sw.js",
            "--origin",
            "https://other.example",
        ];
        let twice = site(folder.path(), &twice).unwrap_err();
        let scheme = site(folder.path(), &["ftp://app.example/sw.js"]).unwrap_err();
        assert!(outside.is::<UsageError>() && twice.is::<UsageError>());
        assert!(scheme.is::<UsageError>());
        assert!(
            !site(folder.path(), &["@app/missing.js"])
                .unwrap_err()
                .is::<UsageError>()
        );
    }
}
