<?php
require 'common.php';

$name = $_POST['name'];
write_user(['id' => crc32($name), 'name' => $name, 'motto' => '', 'version' => 1]);
sign_in(read_user($name));
header('Location: /index.php', true, 303);
