<?php
require 'common.php';

// As the manual's page of session_destroy() does it.
$_SESSION = [];
$of = session_get_cookie_params();
setcookie(session_name(), '', time() - 42000, $of['path'], $of['domain'], $of['secure'], $of['httponly']);
session_destroy();
header('Location: /index.php', true, 303);
