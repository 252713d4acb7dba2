/** Express, counted by routes. */

import express from 'express';
import { expressMiddleware } from 'tykmetrics/middleware';

const app = express();
app.use(expressMiddleware({ path: '/metrics' })); // before all others
app.get('/users/:id', (req, res) => res.send('hello'));
app.listen(9464, '127.0.0.1');
