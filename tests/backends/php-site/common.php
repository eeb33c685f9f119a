<?php
// What every page of this site begins with: PHP's own session, as its manual starts it, and the users, in files of the
// directory SITE_DATA. It knows nothing of Sesame.
declare(strict_types=1);

session_start();

function answer(int $status, mixed $body): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    exit(json_encode($body));
}

function file_of(string $user): string
{
    return getenv('SITE_DATA') . '/user-' . preg_replace('/\W/', '', $user);
}

function read_user(string $user): ?array
{
    return is_file(file_of($user)) ? json_decode(file_get_contents(file_of($user)), true) : null;
}

function write_user(array $user): void
{
    file_put_contents(file_of($user['name']), json_encode($user));
}

// Who is signed in. A session of before the last change of the password counts no more.
function current_user(): ?array
{
    $user = isset($_SESSION['user']) ? read_user($_SESSION['user']) : null;
    return $user !== null && $user['version'] === ($_SESSION['version'] ?? null) ? $user : null;
}

function sign_in(array $user): void
{
    session_regenerate_id(true);
    $_SESSION['user'] = $user['name'];
    $_SESSION['version'] = $user['version'];
}
