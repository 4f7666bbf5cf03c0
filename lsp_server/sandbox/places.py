"""This module has the tables of the places that a sandbox treats apart: secrets, doors and what runs code.

A row that is missing here is open to every command, so a row too many is the
smaller mistake. `PROTECTED_NAMES` and `HOME_STARTUP_FILES` are written by nobody
inside; all else is not even read.
"""

from __future__ import annotations

PROTECTED_NAMES = (
    # Version control: settings and hooks that the person's own git runs.
    *(".git", ".hg", ".svn", ".jj", ".githooks", ".husky", ".pre-commit-config.yaml"),
    *("lefthook.yml", ".lefthook.yml"),
    # Ours, and those of other agents.
    *(".holdfast", ".claude", ".codex", ".cursor", ".gemini", ".mcp.json", ".aider.conf.yml"),
    # Editors and shells that run what lies in a folder.
    *(".vscode", ".idea", ".zed", ".fleet", ".nvim.lua", ".nvimrc", ".exrc", ".vimrc"),
    *(".dir-locals.el", ".devcontainer", ".envrc", ".mise.toml"),
    # Continuous integration, which runs with keys.
    *(".github", ".gitlab-ci.yml", ".gitlab", ".circleci", ".buildkite", ".woodpecker"),
    *(".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "Jenkinsfile"),
)
"""Names, in a folder that may be written, of what runs code or decides on the person's side."""

NESTED_PROTECTED_NAMES = (".git", ".hg", ".holdfast", ".vscode", ".idea", ".husky", ".envrc")
"""Those of them that are looked for in subfolders too."""

OWN_NAMES = frozenset({".git", ".hg", ".svn", ".jj", ".holdfast"})
"""Those of them that keep history, goals and settings: no rule frees an edit there."""

HOME_STARTUP_FILES = (
    *(".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases"),
    *(".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".inputrc", ".login", ".cshrc"),
    *(".gitconfig", ".vimrc", ".emacs", ".emacs.d", ".pam_environment", ".xprofile", ".xinitrc"),
    *(".config/fish", ".config/git", ".config/nvim", ".config/autostart", ".config/systemd"),
    *(".config/environment.d", ".local/bin", ".local/share/applications", "bin"),
    *("Library/LaunchAgents", ".pythonrc", ".condarc"),
)
"""What a login, a shell or a program of every day runs, protected where the home may be written."""

HIDDEN_IN_HOME = (
    # Keys and credentials of programs of every day.
    *(".ssh", ".gnupg", ".netrc", "_netrc", ".authinfo", ".authinfo.gpg", ".git-credentials"),
    *(".config/git/credentials", ".config/gh", ".config/hub", ".config/glab-cli", ".pgpass"),
    *(".my.cnf", ".mylogin.cnf", ".npmrc", ".yarnrc.yml", ".pypirc", ".gem/credentials"),
    *(".cargo/credentials", ".cargo/credentials.toml", ".m2/settings.xml"),
    *(".m2/settings-security.xml", ".gradle/gradle.properties", ".composer/auth.json"),
    *(".config/composer/auth.json", ".nuget/NuGet/NuGet.Config", ".sbt/credentials"),
    # Clouds, clusters and containers.
    *(".aws", ".azure", ".config/gcloud", ".boto", ".s3cfg", ".oci", ".config/doctl", ".fly"),
    *(".config/heroku", ".config/netlify", ".config/vercel", ".terraform.d", ".terraformrc"),
    *(".vault-token", ".config/rclone", ".kube", ".config/helm", ".docker", ".config/containers"),
    *(".colima", ".lima", ".rd", ".orbstack", ".local/share/containers", ".config/pulumi"),
    # Password stores, keyrings and age keys.
    *(".password-store", ".local/share/keyrings", ".local/share/kwalletd", ".config/op"),
    *(".config/1Password", ".config/Bitwarden", ".config/Bitwarden CLI", ".config/keepassxc"),
    *(".config/sops", ".config/age", ".age", ".pki", ".local/share/gnupg"),
    # Browsers, mail and chat.
    *(".mozilla", ".thunderbird", ".config/google-chrome", ".config/chromium", ".config/vivaldi"),
    *(".config/BraveSoftware", ".config/microsoft-edge", ".config/opera", ".config/Slack"),
    *(".config/discord", ".config/Signal", ".local/share/TelegramDesktop", ".var/app", "snap"),
    # Editors and other agents keep tokens of accounts.
    *(".config/Code", ".config/Cursor", ".config/VSCodium", ".config/github-copilot"),
    *(".claude", ".claude.json", ".codex", ".gemini", ".config/anthropic", ".config/openai"),
    *(".config/goose", ".local/share/opencode", ".huggingface", ".cache/huggingface/token"),
    # What was typed.
    *(".bash_history", ".zsh_history", ".histfile", ".python_history", ".psql_history"),
    *(".mysql_history", ".node_repl_history", ".sqlite_history", ".local/share/fish"),
    *(".lesshst", ".viminfo", ".local/state/nvim", ".rediscli_history"),
    # Coins.
    *(".bitcoin", ".ethereum", ".electrum", ".config/solana", ".monero"),
    # macOS.
    *("Library/Keychains", "Library/Cookies", "Library/Mail", "Library/Messages"),
    *("Library/Safari", "Library/Application Support/Google/Chrome"),
    *("Library/Application Support/Firefox", "Library/Application Support/BraveSoftware"),
    *("Library/Application Support/com.apple.TCC", "Library/Group Containers"),
    *("Library/Application Support/Code", "Library/Application Support/Slack"),
)
"""Where people and programs keep secrets, from the home folder."""

HIDDEN_ON_SYSTEM = (
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers"),
    *("/etc/sudoers.d", "/etc/ssh", "/etc/ssl/private", "/etc/krb5.keytab", "/etc/wireguard"),
    *("/etc/NetworkManager/system-connections", "/etc/kubernetes", "/etc/docker"),
    *("/etc/rancher", "/etc/letsencrypt", "/etc/pki/tls/private", "/var/backups"),
    *("/var/spool/cron", "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet"),
    *("/var/run/secrets", "/run/secrets", "/run/credentials"),
)
"""What the system keeps from ordinary users, and root would read."""

HIDDEN_DOORS = (
    *("/run/docker.sock", "/var/run/docker.sock", "/run/containerd", "/run/crio", "/run/podman"),
    *("/run/user", "/run/dbus", "/run/systemd/private", "/run/snapd.socket", "/run/libvirt"),
    "/var/snap/lxd/common/lxd/unix.socket",
)
"""Sockets of programs that would act for a command, outside of the sandbox."""

CACHES = {
    "cargo": (".cargo/registry", ".cargo/git"),
    "go": ("go/pkg", ".cache/go-build"),
    "gradle": (".gradle/caches", ".gradle/wrapper"),
    "maven": (".m2/repository",),
    "npm": (".npm",),
    "pip": (".cache/pip",),
    "pnpm": (".local/share/pnpm/store", ".cache/pnpm"),
    "uv": (".cache/uv",),
    "yarn": (".cache/yarn", ".yarn/berry/cache"),
}
"""Caches of package managers, from the home folder. What lies in one is run later, outside of
the sandbox too; so each is a choice of the person."""
