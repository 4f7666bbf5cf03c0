//! Starts Holdfast in Zed and hands it the settings; nothing here thinks.

use zed_extension_api::{
    self as zed,
    serde_json::{json, Value},
    settings::LspSettings,
    LanguageServerId, Result, Worktree,
};

struct Holdfast;

impl zed::Extension for Holdfast {
    fn new() -> Self {
        Self
    }

    /// The program of the settings (`lsp.holdfast.binary`), else the one on the path.
    fn language_server_command(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<zed::Command> {
        let chosen = LspSettings::for_worktree(server.as_ref(), worktree)?.binary;
        let (path, arguments) =
            chosen.map_or((None, None), |binary| (binary.path, binary.arguments));
        let command = path
            .or_else(|| worktree.which("holdfast"))
            .ok_or("holdfast is not on the path; install it, or set lsp.holdfast.binary.path")?;
        Ok(zed::Command {
            command,
            args: arguments.unwrap_or_default(),
            env: worktree.shell_env(),
        })
    }

    /// `lsp.holdfast.settings`, under the section that the server asks for.
    fn language_server_workspace_configuration(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        let settings = LspSettings::for_worktree(server.as_ref(), worktree)?.settings;
        Ok(settings.map(|settings| json!({ "holdfast": settings })))
    }
}

zed::register_extension!(Holdfast);
